// The commands of prepared statements: prepare, execute, data sent ahead, reset, close.

import type { Session } from '#aggregator/session.ts';
import { computedColumn } from '#aggregator/statement-result.ts';
import { databaseError, type DatabaseError } from '#shared/error.ts';
import { status } from './capabilities.ts';
import { Cursor } from './cursor.ts';
import type { FrontDoorParts } from './front-door-parts.ts';
import type { PacketStream } from './packet-stream.ts';
import { PayloadReader } from './payload-reader.ts';
import { PreparedStatement } from './prepared-statement.ts';
import {
  encodingOf,
  resultEnd,
  statusFlagsOf,
  writeColumns,
  writeRowsEnd,
  type AnswerContext,
} from './result-writer.ts';
import { answerText, runText } from './run-text.ts';
import type { QuickAnswers } from './quick-answer.ts';

/** Clients read the first two bytes of a count: so many `?` a statement may have. */
const PARAMETERS_MAX = 65_535;

/** Where COM_STMT_EXECUTE has its cursor flags: READ_ONLY, FOR_UPDATE and SCROLLABLE. */
const CURSOR_FLAGS_AT = 5;
const CURSOR_TYPES = 0x07;
const FETCH_COUNT_AT = 5;
const FLUSH_BYTES = 64 * 1024;

/** What a `?` is described as before anyone knows its type, as MySQL does it. */
const parameterColumn = computedColumn('?', {
  kind: 'binary',
  form: 'varbinary',
  length: 0,
});

export class StatementCommands {
  readonly #parts: FrontDoorParts;
  readonly #stream: PacketStream;
  readonly #quick: QuickAnswers;
  readonly #statements = new Map<number, PreparedStatement>();
  /** Statements whose data sent ahead was too much: their execution tells. */
  readonly #failed = new Map<number, DatabaseError>();
  #nextId = 1;

  constructor(parts: FrontDoorParts, stream: PacketStream, quick: QuickAnswers) {
    this.#quick = quick;
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
    const { registry, variables } = this.#parts;
    const max = Number(variables.get(variables.definition('max_prepared_stmt_count')));
    if (registry.prepared.held >= max) throw databaseError('tooManyPreparedStatements', { max });
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
    registry.prepared.held += 1;
    registry.prepared.prepares += 1;
    const { writer } = this.#stream;
    const statusFlags = statusFlagsOf(session);
    const warnings = session.warnings.length;
    writer.start();
    writer.uint8(0);
    writer.uint32(id);
    writer.uint16(columns.length);
    writer.uint16(parameterCount);
    writer.uint8(0);
    writer.uint16(Math.min(warnings, 0xffff));
    writer.finish();
    const encoding = encodingOf(context);
    const parameters = Array.from({ length: parameterCount }, () => parameterColumn);
    const options = { encoding, capabilities, statusFlags };
    if (parameters.length > 0) writeColumns(writer, parameters, options);
    if (columns.length > 0) writeColumns(writer, columns, options);
  }

  /** COM_STMT_EXECUTE. Rows are sent at once, or kept where the client asks for a cursor. */
  execute(context: AnswerContext, payload: Buffer): void | Promise<void> {
    const statement = this.#statement(payload, 'mysqld_stmt_execute');
    if (statement.cursor === null) return this.#execute(statement, context, payload);
    return this.#executeAnew(statement, context, this.#stream.kept(payload));
  }

  async #executeAnew(
    statement: PreparedStatement,
    context: AnswerContext,
    payload: Buffer,
  ): Promise<void> {
    await statement.closeCursor();
    await this.#execute(statement, context, payload);
  }

  #execute(
    statement: PreparedStatement,
    context: AnswerContext,
    payload: Buffer,
  ): void | Promise<void> {
    const failure = this.#failed.get(statement.id);
    this.#failed.delete(statement.id);
    if (failure !== undefined) {
      statement.reset();
      throw failure;
    }
    const charset = String(context.session.variables.get(null, 'character_set_client'));
    const parameters = statement.readParameters(payload, charset);
    const { engine, clock, logger, registry } = this.#parts;
    registry.prepared.executes += 1;
    const stream = this.#stream;
    const { text } = statement;
    const run = { engine, clock, logger, stream, context, text, parameters } as const;
    const asked = new PayloadReader(payload, CURSOR_FLAGS_AT).uint8() & CURSOR_TYPES;
    if (asked === 0) return answerText({ ...run, protocol: 'binary' }, this.#quick);
    return openCursor(statement, run);
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

  /** COM_STMT_RESET: forgets the data sent ahead, and the rows of the cursor. */
  async reset(payload: Buffer): Promise<void> {
    const statement = this.#statement(payload, 'mysqld_stmt_reset');
    this.#failed.delete(statement.id);
    statement.reset();
    await statement.closeCursor();
  }

  /** COM_STMT_CLOSE, which is never answered. */
  async close(payload: Buffer): Promise<void> {
    if (payload.length < 5) return;
    const id = payload.readUInt32LE(1);
    await this.#statements.get(id)?.closeCursor();
    const { prepared } = this.#parts.registry;
    prepared.closes += 1;
    if (this.#statements.delete(id)) prepared.held -= 1;
    this.#failed.delete(id);
  }

  /** COM_STMT_FETCH: so many rows of the cursor. */
  async fetch(context: AnswerContext, payload: Buffer): Promise<void> {
    const statement = this.#statement(payload, 'mysqld_stmt_fetch');
    const count = new PayloadReader(payload, FETCH_COUNT_AT).uint32();
    const { cursor } = statement;
    if (cursor === null) throw databaseError('noOpenCursor', { id: String(statement.id) });
    const { writer } = this.#stream;
    let sent = 0;
    for (; sent < count; sent += 1) {
      const row = await cursor.next();
      if (row === null) break;
      writer.start();
      writer.bytesOf(row.payload);
      writer.finish();
      if (writer.length >= FLUSH_BYTES) await this.#stream.flush();
    }
    const end = resultEnd(context.session, context.session.database);
    const isOver = sent < count;
    if (isOver) await statement.closeCursor();
    const flag = isOver ? status.lastRowSent : status.cursorExists;
    const ended = { ...end, statusFlags: end.statusFlags | flag };
    writeRowsEnd(writer, ended, context.capabilities);
  }

  async closeAll(): Promise<void> {
    for (const statement of this.#statements.values()) await statement.closeCursor();
    this.#parts.registry.prepared.held -= this.#statements.size;
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

/** Runs the statement and leaves its rows at the statement, if it has any. */
async function openCursor(
  statement: PreparedStatement,
  run: Omit<Parameters<typeof runText>[0], 'protocol' | 'cursor'>,
): Promise<void> {
  const cursor = new Cursor();
  let kept = false;
  try {
    kept = (await runText({ ...run, protocol: 'binary', cursor })) === 'rows';
  } finally {
    if (!kept) await cursor.close();
  }
  if (!kept) return;
  await cursor.flush();
  statement.cursor = cursor;
}
