// The life of one client: greeting, login, one command after another, and a clean end.
//
//   accepted → greeted → (a node of the cluster: handed over) | logged in → commands … → gone
//
// Nothing is executed before the login is answered with OK. However a connection ends, its
// running statement is stopped, its transaction rolled back, and no other connection notices.

import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { accountText, type AccountDefinition } from '#aggregator/metadata/account.ts';
import { hasPrivilege } from '#aggregator/metadata/privilege.ts';
import type { RegisteredSession } from '#aggregator/session-registry.ts';
import { Session } from '#aggregator/session.ts';
import { nameText } from '#shared/sql/name-text.ts';
import { collationById } from '#aggregator/charset.ts';
import { DatabaseError, databaseError } from '#shared/error.ts';
import { announcedCapabilities, capability, has } from './capabilities.ts';
import { CommandHandler } from './commands.ts';
import { clientError, writeError } from './error-packet.ts';
import { isTlsRequest, readLogin, writeGreeting, type Login } from './handshake.ts';
import type { ConnectionParts } from './front-door-parts.ts';
import { authenticate, type LoginExchange } from './login.ts';
import type { Packet } from './packet-reader.ts';
import { PacketStream } from './packet-stream.ts';
import { resultEnd, writeOk } from './result-writer.ts';

/** The largest packet before the login. */
const LOGIN_BYTES_MAX = 64 * 1024;
/** A client that was answered its last has this long to close its end. */
const CLOSE_LINGER_MS = 1000;
/** A node of a cluster says this instead of logging in. */
const NODE_PREFIX = Buffer.from('TWINLEAF', 'latin1');

/** Where a connection comes from, and what for. */
export interface ConnectionPlace {
  /** All others are taken: this one is for who can end others. */
  readonly isLast: boolean;
  /** It came by a UNIX socket. */
  readonly isLocal: boolean;
  /** The client's address; `localhost` by a UNIX socket. */
  readonly host: string;
}

export class Connection {
  readonly id: number;
  readonly peer: string;
  readonly #parts: ConnectionParts;
  readonly #place: ConnectionPlace;
  readonly #stream: PacketStream;
  readonly #nonce: Buffer;
  #entry: RegisteredSession | null = null;
  #tls: TLSSocket | null = null;
  /** The client has said that it goes. */
  #hasQuit = false;
  /** When the last command ended; null while one runs, and before the login. */
  #idleSinceMs: number | null = null;

  constructor(socket: Socket, parts: ConnectionParts, place: ConnectionPlace) {
    this.id = parts.registry.allocateId();
    this.#parts = parts;
    this.#place = place;
    this.peer = place.isLocal ? place.host : `${place.host}:${socket.remotePort ?? 0}`;
    this.#stream = new PacketStream(socket, {
      payloadBytesMax: LOGIN_BYTES_MAX,
      clock: parts.clock,
      readBuffer: parts.readBuffer,
      sharedFlush: parts.sharedFlush,
      onGone: () => this.#entry?.session.kill(),
    });
    this.#nonce = parts.nonces.next();
  }

  /** Serves the client to its end. Never rejects but by an assertion. */
  async serve(): Promise<void> {
    try {
      await this.#converse();
    } catch (cause) {
      await this.#refuse(clientError(cause, this.#parts.logger));
    } finally {
      await this.#leave();
    }
  }

  /** Ends the connection, whatever it is doing. */
  disconnect(): void {
    this.#entry?.session.kill();
    this.#stream.destroy();
  }

  /** Ends a connection that has waited longer than its wait_timeout. */
  closeIfIdle(nowMs: number): void {
    if (this.#idleSinceMs === null || this.#entry === null) return;
    const { variables } = this.#entry.session;
    const limitMs = Number(variables.get('session', 'wait_timeout')) * 1000;
    if (nowMs - this.#idleSinceMs < limitMs) return;
    this.#stream.writer.sequence = 0;
    writeError(this.#stream.writer, databaseError('clientTimeout', {}));
    void this.#stream.end();
  }

  async #converse(): Promise<void> {
    const { clock, variables } = this.#parts;
    const patienceS = Number(variables.get(variables.definition('connect_timeout')));
    const deadline = clock.after(patienceS * 1000, () => this.#stream.destroy());
    let login: Login | null;
    let account: AccountDefinition | null = null;
    try {
      login = await this.#greet();
      if (login !== null) account = await this.#prove(login);
    } finally {
      deadline.cancel();
    }
    if (login === null || account === null) return;
    const session = await this.#openSession(login, account);
    const handler = new CommandHandler({
      parts: this.#parts,
      stream: this.#stream,
      login,
      session,
      prove: (next) => this.#prove(next),
      openSession: async (next, of) => await this.#openSession(next, of),
      freshSession: (next, of) => this.#makeSession(next, of),
    });
    try {
      await this.#runCommands(handler);
    } finally {
      this.#hasQuit = handler.hasQuit;
      if (!this.#hasQuit) this.#parts.registry.counters.abortedClients += 1;
      await handler.close();
    }
  }

  /** Null when the client went, or was no client but a node. */
  async #greet(): Promise<Login | null> {
    const stream = this.#stream;
    const { serverVersion } = this.#parts;
    const tls = this.#parts.tls ?? null;
    writeGreeting(stream.writer, {
      serverVersion,
      connectionId: this.id,
      nonce: this.#nonce,
      capabilities: tls === null ? announcedCapabilities : announcedCapabilities | capability.ssl,
    });
    await stream.flush();
    let packet = await stream.next();
    if (packet !== null && tls !== null && isTlsRequest(packet.payload)) {
      this.#tls = await stream.secure(tls);
      packet = this.#tls === null ? null : await stream.next();
    } else if (packet !== null && isNode(packet)) {
      const socket = stream.release();
      this.#parts.onNodeConnection(socket, packet.payload);
      socket.resume();
      return null;
    }
    if (packet === null) return null;
    stream.writer.sequence = (packet.sequence + 1) & 0xff;
    return readLogin(packet.payload, this.#tls !== null);
  }

  async #prove(login: Login): Promise<AccountDefinition | null> {
    const { registry } = this.#parts;
    try {
      const account = await authenticate(this.#exchange(login));
      if (account !== null && this.#place.isLast && !mayEndOthers(account)) {
        throw databaseError('tooManyConnections', {});
      }
      return account;
    } catch (cause) {
      registry.counters.aborted += 1;
      if (cause instanceof DatabaseError && !cause.is('tooManyConnections')) {
        registry.loginGuard.failed(this.#place.host);
      }
      throw cause;
    }
  }

  #exchange(login: Login): LoginExchange {
    const { accounts, full } = this.#parts;
    const tls = this.#tls;
    const { host, isLocal } = this.#place;
    return {
      stream: this.#stream,
      accounts,
      login,
      nonce: this.#nonce,
      host,
      tls,
      isLocal,
      full,
    };
  }

  #makeSession(login: Login, account: { readonly user: string; readonly host: string }): Session {
    const variables = this.#parts.variables.createSession();
    const { user, host } = account;
    const session = new Session({
      id: this.id,
      account: { user, host },
      peer: this.peer,
      variables,
      foundRowsFlag: has(login.capabilities, capability.foundRows),
      tls: describeTls(this.#tls),
      attributes: login.attributes,
    });
    session.multiStatements = has(login.capabilities, capability.multiStatements);
    const { charset, name } = collationById(login.charsetId);
    variables.set('session', 'character_set_client', charset);
    variables.set('session', 'character_set_results', charset);
    variables.set('session', 'collation_connection', name);
    if (has(login.capabilities, capability.interactive)) {
      const interactive = variables.get('session', 'interactive_timeout');
      variables.set('session', 'wait_timeout', interactive);
    }
    // What the client said itself is no news to it.
    variables.takeChanges();
    variables.live.set('last_insert_id', () => session.lastInsertId);
    variables.live.set('identity', () => session.lastInsertId);
    variables.live.set('pseudo_thread_id', () => BigInt(this.id));
    variables.live.set('warning_count', () => BigInt(session.warnings.length));
    variables.live.set('error_count', () => {
      return BigInt(session.warnings.filter((warning) => warning.level === 'Error').length);
    });
    variables.live.set('timestamp', () => this.#parts.clock.now() / 1000);
    return session;
  }

  /** A new session in its database, registered; the OK that lets the client in. */
  async #openSession(login: Login, account: AccountDefinition): Promise<Session> {
    const session = this.#makeSession(login, account);
    const stream = this.#stream;
    if (login.database !== null) {
      const use = `USE ${nameText(login.database)}`;
      for await (const result of this.#parts.engine.execute(session, use)) {
        void result;
      }
    }
    this.#register(session);
    stream.reader.payloadBytesMax = Number(session.variables.get(null, 'max_allowed_packet'));
    stream.writeTimeoutMs = () => this.#millisecondsOf('net_write_timeout');
    stream.readTimeoutMs = () => this.#millisecondsOf('net_read_timeout');
    const nothing = { affectedRows: 0, lastInsertId: 0n, info: '' };
    const { capabilities } = login;
    writeOk(stream.writer, nothing, resultEnd(session, null), { capabilities });
    await stream.flush();
    session.isCompressed = has(capabilities, capability.compress);
    if (session.isCompressed && !stream.isCompressed) stream.compress();
    return session;
  }

  /** A variable in seconds, as the session has it now; none left, no time left. */
  #millisecondsOf(name: string): number {
    return Number(this.#entry?.session.variables.get('session', name) ?? 0) * 1000;
  }

  #register(session: Session): void {
    if (this.#entry === null) {
      const disconnect = (): void => this.disconnect();
      this.#entry = this.#parts.registry.add(session, { traffic: this.#stream, disconnect });
    } else {
      this.#entry.session = session;
    }
    this.#parts.logger.debug('a client logged in', {
      connection: this.id,
      account: accountText(session.account),
    });
  }

  async #runCommands(handler: CommandHandler): Promise<void> {
    const { clock, registry } = this.#parts;
    this.#idleSinceMs = clock.monotonicMs();
    const onWait = (payload: Buffer): void => {
      const entry = this.#entry;
      const { name, info } = handler.describe(payload);
      if (entry !== null) registry.mark(entry, name, info);
    };
    await this.#stream.serveAll((packet) => {
      this.#idleSinceMs = null;
      const entry = this.#entry;
      if (entry === null) return false;
      const answered = handler.run(packet, onWait);
      if (typeof answered !== 'boolean') return this.#finish(entry, handler, answered);
      this.#idleSinceMs = registry.passed(entry);
      return answered;
    });
  }

  async #finish(
    entry: RegisteredSession,
    handler: CommandHandler,
    answered: Promise<boolean>,
  ): Promise<boolean> {
    const goesOn = await answered;
    entry.session = handler.session;
    this.#idleSinceMs = this.#parts.registry.mark(entry, 'Sleep', null);
    return goesOn;
  }

  /** The last word to a client whose connection cannot go on. */
  async #refuse(error: DatabaseError): Promise<void> {
    this.#stream.writer.abandon();
    writeError(this.#stream.writer, error);
    await this.#stream.end();
  }

  async #leave(): Promise<void> {
    const entry = this.#entry;
    this.#entry = null;
    this.#idleSinceMs = null;
    if (entry !== null) {
      this.#parts.registry.remove(this.id);
      const { transaction } = entry.session;
      entry.session.transaction = null;
      await transaction?.rollback();
      await entry.session.releaseLocks?.();
    }
    // A node's socket has another owner, who closes it.
    if (this.#stream.released || (this.#hasQuit && this.#stream.leave())) return;
    await this.#closeSocket();
  }

  /** Waits for the client to close its end too, but not for long. */
  async #closeSocket(): Promise<void> {
    await this.#stream.end();
    const { socket } = this.#stream;
    if (socket.closed) return;
    const patience = this.#parts.clock.after(CLOSE_LINGER_MS, () => socket.destroy());
    await new Promise<void>((resolve) => {
      socket.once('close', () => resolve());
    });
    patience.cancel();
  }
}

function isNode({ payload }: Packet): boolean {
  return payload.subarray(0, NODE_PREFIX.length).equals(NODE_PREFIX);
}

function mayEndOthers(account: AccountDefinition): boolean {
  const everywhere = { database: null, table: null };
  return ['CONNECTION_ADMIN', 'SUPER'].some((name) => hasPrivilege(account, name, everywhere));
}

function describeTls(tls: TLSSocket | null): Session['tls'] {
  if (tls === null) return null;
  return { cipher: tls.getCipher().standardName, version: tls.getProtocol() ?? '' };
}
