// The commands of prepared statements: prepare, execute, data sent ahead, reset, close.

import type { Session } from '#aggregator/session.ts';
import { computedColumn } from '#aggregator/statement-result.ts';
import { databaseError, type DatabaseError } from '#shared/error.ts';
import type { FrontDoorParts } from './front-door-parts.ts';
import type { PacketStream } from './packet-stream.ts';
import { PayloadReader } from './payload-reader.ts';
import { PreparedStatement } from './prepared-statement.ts';
import { encodingOf, resultEnd, writeColumns, type AnswerContext } from './result-writer.ts';
import { runText } from './run-text.ts';

/** Prepared statements that one client may hold. */
const STATEMENTS_MAX = 16_382;
/** Clients read the first two bytes of a count: so many `?` a statement may have. */
const PARAMETERS_MAX = 65_535;

/** What a `?` is described as before anyone knows its type, as MySQL does it. */
const parameterColumn = computedColumn('?', {
  kind: 'binary',
  form: 'varbinary',
  length: 0,
});

export class StatementCommands {
  readonly #parts: FrontDoorParts;
  readonly #stream: PacketStream;
  readonly #statements = new Map<number, PreparedStatement>();
  /** Statements whose data sent ahead was too much: their execution tells. */
  readonly #failed = new Map<number, DatabaseError>();
  #nextId = 1;

  constructor(parts: FrontDoorParts, stream: PacketStream) {
    this.#parts = parts;
    this.#stream = stream;
  }

  /** The text of the statement that a COM_STMT_EXECUTE names, or null. */
  textOf(payload: Buffer): string | null {
    if (payload.length < 5) return null;
    return this.#statements.get(payload.readUInt32LE(1))?.text ?? null;
  }

  /** COM_STMT_PREPARE: its id, then the descriptions of its parameters and columns. */
  async prepare(context: AnswerContext, text: string): Promise<void> {
    if (this.#statements.size >= STATEMENTS_MAX) {
      throw databaseError('tooManyPreparedStatements', { max: STATEMENTS_MAX });
    }
    const { session, capabilities } = context;
    session.beginStatement();
    const shape = await this.#parts.engine.prepare(session, text);
    const { parameterCount, columns } = shape;
    if (parameterCount > PARAMETERS_MAX) {
      throw databaseError('tooManyPlaceholders', {});
    }
    const id = this.#nextId;
    this.#nextId += 1;
    this.#statements.set(id, new PreparedStatement(id, text, shape));
    const { writer } = this.#stream;
    const { statusFlags, warnings } = resultEnd(session, session.database);
    writer.start();
    writer.uint8(0);
    writer.uint32(id);
    writer.uint16(columns.length);
    writer.uint16(parameterCount);
    writer.uint8(0);
    writer.uint16(Math.min(warnings, 0xffff));
    writer.finish();
    const { charsetId } = encodingOf(context);
    const parameters = Array.from({ length: parameterCount }, () => parameterColumn);
    const options = { charsetId, capabilities, statusFlags };
    if (parameters.length > 0) writeColumns(writer, parameters, options);
    if (columns.length > 0) writeColumns(writer, columns, options);
  }

  /** COM_STMT_EXECUTE. A cursor is never opened: all rows come at once, as the flags then say. */
  async execute(context: AnswerContext, payload: Buffer): Promise<void> {
    const statement = this.#statement(payload, 'mysqld_stmt_execute');
    const failure = this.#failed.get(statement.id);
    this.#failed.delete(statement.id);
    if (failure !== undefined) {
      statement.reset();
      throw failure;
    }
    const charset = String(context.session.variables.get(null, 'character_set_client'));
    const parameters = statement.readParameters(payload, charset);
    const { engine, clock, logger } = this.#parts;
    const stream = this.#stream;
    const { text } = statement;
    await runText({ engine, clock, logger, stream, context, text, parameters, protocol: 'binary' });
  }

  /** COM_STMT_SEND_LONG_DATA, which is never answered. */
  addLongData(session: Session, payload: Buffer): void {
    if (payload.length < 7) return;
    const statement = this.#statements.get(payload.readUInt32LE(1));
    if (statement === undefined) return;
    const limit = Number(session.variables.get(null, 'max_allowed_packet'));
    if (statement.longDataBytes + payload.length > limit) {
      this.#failed.set(statement.id, databaseError('packetTooLarge', {}));
    } else {
      statement.addLongData(payload);
    }
  }

  /** COM_STMT_RESET. */
  reset(payload: Buffer): void {
    const statement = this.#statement(payload, 'mysqld_stmt_reset');
    this.#failed.delete(statement.id);
    statement.reset();
  }

  /** COM_STMT_CLOSE, which is never answered. */
  close(payload: Buffer): void {
    if (payload.length < 5) return;
    const id = payload.readUInt32LE(1);
    this.#statements.delete(id);
    this.#failed.delete(id);
  }

  /** COM_STMT_FETCH: there is never a cursor to fetch from. */
  refuseFetch(payload: Buffer): never {
    const { id } = this.#statement(payload, 'mysqld_stmt_fetch');
    throw databaseError('noOpenCursor', { id: String(id) });
  }

  closeAll(): void {
    this.#statements.clear();
    this.#failed.clear();
  }

  #statement(payload: Buffer, command: string): PreparedStatement {
    const id = new PayloadReader(payload, 1).uint32();
    const statement = this.#statements.get(id);
    if (statement !== undefined) return statement;
    throw databaseError('unknownPreparedStatement', { id: String(id), command });
  }
}
