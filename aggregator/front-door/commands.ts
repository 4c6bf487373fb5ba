// The command phase: each packet of a logged-in client to what it asks for, and its answer.

import type { AccountDefinition } from '#aggregator/metadata/account.ts';
import type { CommandName } from '#aggregator/session-registry.ts';
import type { Session } from '#aggregator/session.ts';
import { databaseError } from '#shared/error.ts';
import { parserOptions } from '#aggregator/parser/parser.ts';
import { nameText } from '#shared/sql/name-text.ts';
import { writeColumnDefinition } from './column-definition.ts';
import type { FrontDoorParts } from './front-door-parts.ts';
import { clientError, writeError, type Encode } from './error-packet.ts';
import { readChangeUser, type Login } from './handshake.ts';
import type { Packet } from './packet-reader.ts';
import type { WriterMark } from '#shared/mysql/packet-writer.ts';
import type { PacketStream } from './packet-stream.ts';
import { statementText } from './statement-text.ts';
import { PayloadReader } from './payload-reader.ts';
import { QuickAnswers } from './quick-answer.ts';
import { StatementCommands } from './statement-commands.ts';
import { encodingOf, resultEnd, writeOk, writeRowsEnd } from './result-writer.ts';
import { answerText } from './run-text.ts';

/** The command bytes (COM_…) that we answer. */
const command = {
  quit: 0x01,
  initDatabase: 0x02,
  query: 0x03,
  fieldList: 0x04,
  statistics: 0x09,
  processKill: 0x0c,
  ping: 0x0e,
  changeUser: 0x11,
  prepare: 0x16,
  execute: 0x17,
  sendLongData: 0x18,
  closeStatement: 0x19,
  resetStatement: 0x1a,
  setOption: 0x1b,
  fetch: 0x1c,
  resetConnection: 0x1f,
} as const;

/** How much of a statement SHOW PROCESSLIST keeps. */
const INFO_BYTES_MAX = 64 * 1024;

export interface CommandHandlerOptions {
  readonly parts: FrontDoorParts;
  readonly stream: PacketStream;
  readonly login: Login;
  readonly session: Session;
  /** The account behind a login; null when the client has gone. Throws accessDenied. */
  readonly prove: (login: Login) => Promise<AccountDefinition | null>;
  /** Opens the session of another user, and answers OK. */
  readonly openSession: (login: Login, account: AccountDefinition) => Promise<Session>;
  /** A session as new, of the same account. */
  readonly freshSession: (login: Login, account: Session['account']) => Session;
}

/** One client's commands. Classes of answers: OK, rows, an error, nothing. */
export class CommandHandler {
  readonly #options: CommandHandlerOptions;
  readonly #quick = new QuickAnswers();
  readonly #statements: StatementCommands;
  #login: Login;
  #session: Session;
  /** True once the client has said that it leaves. */
  hasQuit = false;

  constructor(options: CommandHandlerOptions) {
    this.#options = options;
    this.#login = options.login;
    this.#session = options.session;
    this.#statements = new StatementCommands(options.parts, options.stream, this.#quick);
  }

  get session(): Session {
    return this.#session;
  }

  /** The client is gone: lets go of what its statements hold. */
  async close(): Promise<void> {
    await this.#statements.closeAll();
  }

  /** What SHOW PROCESSLIST says of a command. */
  describe(payload: Buffer): { readonly name: CommandName; readonly info: string | null } {
    const text = () => payload.toString('utf8', 1, 1 + INFO_BYTES_MAX);
    switch (payload[0]) {
      case command.query:
        return { name: 'Query', info: text() };
      case command.prepare:
        return { name: 'Prepare', info: text() };
      case command.execute:
        return { name: 'Execute', info: this.#statements.textOf(payload) };
      case command.ping:
        return { name: 'Ping', info: null };
      default:
        return { name: 'Query', info: null };
    }
  }

  /**
   * Answers one command, at once where its answer is there at once; `onWait` is told where it is
   * not. False when it was the client's last.
   */
  run(packet: Packet, onWait: (payload: Buffer) => void): boolean | Promise<boolean> {
    const { stream } = this.#options;
    stream.writer.sequence = (packet.sequence + 1) & 0xff;
    if (packet.payload[0] === command.quit) {
      this.hasQuit = true;
      return false;
    }
    const mark = stream.writer.mark();
    // What is not answered at once may read its packet later.
    const isNow = isQuick(packet.payload);
    const payload = isNow ? packet.payload : stream.kept(packet.payload);
    if (!isNow) {
      onWait(payload);
      return this.#answered(this.#answer(payload), mark);
    }
    try {
      const pending = this.#answerQuickly(payload);
      if (pending === undefined) return this.#sent(stream.flushAnswer());
      onWait(payload);
      return this.#answered(pending, mark);
    } catch (cause) {
      this.#fail(cause, mark);
      return this.#sent(stream.flushAnswer());
    }
  }

  /** What failed before any of its packets has left is answered by the error alone. */
  #fail(cause: unknown, mark: WriterMark): void {
    const { stream, parts } = this.#options;
    stream.writer.backTo(mark);
    writeError(stream.writer, clientError(cause, parts.logger), this.#encode());
  }

  async #answered(answer: Promise<void | boolean>, mark: WriterMark): Promise<boolean> {
    try {
      const goesOn = await answer;
      if (goesOn !== undefined) return goesOn;
    } catch (cause) {
      this.#fail(cause, mark);
    }
    const sent = this.#sent(this.#options.stream.flush());
    return typeof sent === 'boolean' ? sent : await sent;
  }

  /** What was written leaves. False when the client is gone, or has ended itself. */
  #sent(flushed: void | Promise<void>): boolean | Promise<boolean> {
    const { stream } = this.#options;
    if (flushed === undefined) return !stream.closed && !this.#session.isEnding;
    return openAfter(flushed, () => !stream.closed && !this.#session.isEnding);
  }

  #answerQuickly(payload: Buffer): void | Promise<void> {
    if (payload[0] === command.query) return this.#runText(payload.subarray(1));
    return this.#statements.execute(this.#context(), payload);
  }

  async #answer(payload: Buffer): Promise<void | boolean> {
    switch (payload[0]) {
      case command.changeUser:
        return await this.#changeUser(payload);
      case command.query:
        return await this.#runText(payload.subarray(1));
      case command.initDatabase:
        return await this.#use(payload.subarray(1));
      case command.fieldList:
        return await this.#listFields(payload);
      case command.statistics:
        return this.#statistics();
      case command.processKill:
        return await this.#runOwnText(`KILL ${new PayloadReader(payload, 1).uint32()}`);
      case command.ping:
        return this.#ok();
      case command.prepare:
        return await this.#statements.prepare(this.#context(), this.#decode(payload.subarray(1)));
      case command.execute:
        return await this.#statements.execute(this.#context(), payload);
      case command.sendLongData:
        return this.#statements.addLongData(this.#session, payload);
      case command.closeStatement:
        return await this.#statements.close(payload);
      case command.resetStatement:
        await this.#statements.reset(payload);
        return this.#ok();
      case command.fetch:
        return await this.#statements.fetch(this.#context(), payload);
      case command.setOption:
        return this.#setOption(payload);
      case command.resetConnection:
        return await this.#resetConnection();
      default:
        throw databaseError('unknownCommand', {});
    }
  }

  #encode(): Encode {
    return encodingOf(this.#context()).encode;
  }

  #context() {
    const { capabilities, charsetId } = this.#login;
    return { session: this.#session, capabilities, loginCharsetId: charsetId };
  }

  #decode(bytes: Buffer): string {
    const { variables } = this.#session;
    const charset = String(variables.get(null, 'character_set_client'));
    return statementText(bytes, charset, () => {
      const modes = String(variables.get(null, 'sql_mode')).toUpperCase().split(',');
      return parserOptions(new Set(modes));
    });
  }

  #runText(bytes: Buffer): void | Promise<void> {
    return this.#runOwnText(this.#decode(bytes));
  }

  #runOwnText(text: string): void | Promise<void> {
    const { parts, stream } = this.#options;
    const context = this.#context();
    const { engine, clock, logger } = parts;
    const run = { engine, clock, logger, stream, context, text, protocol: 'text' } as const;
    return answerText(run, this.#quick);
  }

  async #use(name: Buffer): Promise<void> {
    await this.#runOwnText(`USE ${nameText(this.#decode(name))}`);
  }

  #ok(): void {
    const { writer } = this.#options.stream;
    const { capabilities } = this.#login;
    const nothing = { affectedRows: 0, lastInsertId: 0n, info: '' };
    writeOk(writer, nothing, resultEnd(this.#session, this.#session.database), { capabilities });
  }

  /** COM_FIELD_LIST, which the mysql client's completion asks for each table. */
  async #listFields(payload: Buffer): Promise<void> {
    const { parts, stream } = this.#options;
    const table = new PayloadReader(payload, 1).zeroText();
    const { columns } = await parts.engine.prepare(
      this.#session,
      `SELECT * FROM ${nameText(table)}`,
    );
    const encoding = encodingOf(this.#context());
    for (const column of columns) {
      writeColumnDefinition(stream.writer, column, { encoding, defaultValue: true });
    }
    const end = resultEnd(this.#session, this.#session.database);
    writeRowsEnd(stream.writer, end, this.#login.capabilities);
  }

  #statistics(): void {
    const { registry } = this.#options.parts;
    const { writer } = this.#options.stream;
    const uptimeS = Math.floor(registry.uptimeMs / 1000);
    const { questions, slow } = registry.counters;
    const perSecond = questions / Math.max(uptimeS, 1);
    writer.start();
    writer.text(
      `Uptime: ${uptimeS}  Threads: ${registry.size}  Questions: ${questions}  ` +
        `Slow queries: ${slow}  Opens: 0  Flush tables: 1  Open tables: 0  ` +
        `Queries per second avg: ${perSecond.toFixed(3)}`,
    );
    writer.finish();
  }

  /** COM_SET_OPTION: multi statements on (0) or off (1). */
  #setOption(payload: Buffer): void {
    const option = new PayloadReader(payload, 1).uint16();
    if (option > 1) throw databaseError('unknownCommand', {});
    this.#session.multiStatements = option === 0;
    const end = resultEnd(this.#session, this.#session.database);
    writeRowsEnd(this.#options.stream.writer, end, this.#login.capabilities);
  }

  /** A session as after the login, in the same database. */
  async #resetConnection(): Promise<void> {
    await this.#closeSession();
    const { database, account } = this.#session;
    this.#session = this.#options.freshSession(this.#login, account);
    this.#session.database = database;
    this.#ok();
  }

  /** Another user over the same connection. False when the login failed: the connection ends. */
  async #changeUser(payload: Buffer): Promise<boolean> {
    const { stream } = this.#options;
    await this.#closeSession();
    try {
      const login = readChangeUser(payload, this.#login.capabilities);
      const account = await this.#options.prove(login);
      if (account === null) return false;
      this.#session = await this.#options.openSession(login, account);
      this.#login = login;
      return true;
    } catch (cause) {
      stream.writer.abandon();
      writeError(stream.writer, clientError(cause, this.#options.parts.logger));
      await stream.end();
      return false;
    }
  }

  async #closeSession(): Promise<void> {
    await this.#statements.closeAll();
    const { transaction } = this.#session;
    this.#session.transaction = null;
    await transaction?.rollback();
    await this.#session.releaseLocks?.();
  }
}

/** Commands that may be answered without waiting. */
function isQuick(payload: Buffer): boolean {
  return payload[0] === command.query || payload[0] === command.execute;
}

async function openAfter(flushed: Promise<void>, isOpen: () => boolean): Promise<boolean> {
  await flushed;
  return isOpen();
}
