// Every client that is logged in: for SHOW PROCESSLIST, KILL, and the counters of SHOW STATUS.

import type { Clock } from '#shared/clock.ts';
import { databaseError } from '#shared/error.ts';
import { EventLoopMonitor } from '#shared/event-loop-monitor.ts';
import { connectionCountMax } from './cluster/connection-owner.ts';
import { LoginGuard } from './login-guard.ts';
import { maskSecrets } from './mask-secrets.ts';
import type { Session } from './session.ts';
import { StatementCounts } from './statement-counts.ts';

/** What a client is doing, as SHOW PROCESSLIST names it. */
export type CommandName = 'Sleep' | 'Query' | 'Prepare' | 'Execute' | 'Ping' | 'Daemon';

/** One line of SHOW PROCESSLIST. */
export interface ProcessDescription {
  readonly id: number;
  readonly user: string;
  readonly host: string;
  readonly database: string | null;
  readonly command: CommandName;
  /** Since the command began. */
  readonly timeMs: number;
  readonly state: string;
  /** The statement's text without its passwords, or null between statements. */
  readonly info: string | null;
}

/** What has gone over a connection so far, in bytes, as its socket has them. */
export interface Traffic {
  readonly bytesReceived: number;
  readonly bytesSent: number;
}

/** The connection of a client that is logged in. */
export interface ClientConnection {
  readonly traffic: Traffic;
  /** Ends it, whatever it is doing. */
  readonly disconnect: () => void;
}

/** One client's place in the registry; its connection keeps it up to date. */
export interface RegisteredSession {
  /** COM_CHANGE_USER and COM_RESET_CONNECTION put another session here, of the same id. */
  session: Session;
  command: CommandName;
  info: string | null;
  sinceMs: number;
  readonly connection: ClientConnection;
}

export class SessionRegistry {
  readonly startedMs: number;
  /** Hosts whose logins fail. */
  readonly loginGuard: LoginGuard;
  /**
   * Connections accepted, commands begun, logins refused, clients that left without a word, the
   * most clients at once, and commands that took `long_query_time`.
   */
  readonly counters = {
    connections: 0,
    questions: 0,
    aborted: 0,
    abortedClients: 0,
    maxUsed: 0,
    slow: 0,
  };
  /** Statements of COM_STMT_PREPARE: those that clients hold now, and what was done with all. */
  readonly prepared = { held: 0, prepares: 0, executes: 0, closes: 0 };
  /** Of all clients' statements, and of what the aggregator runs by itself. */
  readonly statements = new StatementCounts();
  /** How late this aggregator's event loop is. */
  readonly eventLoop: EventLoopMonitor;
  readonly #clock: Clock;
  readonly #entries = new Map<number, RegisteredSession>();
  readonly #idBase: number;
  #count = 0;
  /** Of the clients that are gone. */
  #pastTraffic: Traffic = { bytesReceived: 0, bytesSent: 0 };

  /** `idBase`: what the ids of this aggregator's connections begin with. */
  constructor(clock: Clock, idBase = 0) {
    this.#clock = clock;
    this.#idBase = idBase;
    this.eventLoop = new EventLoopMonitor(clock);
    this.startedMs = clock.monotonicMs();
    this.loginGuard = new LoginGuard(clock);
  }

  /** A connection id that no other connection of the cluster has. */
  allocateId(): number {
    do {
      this.#count = this.#count === connectionCountMax ? 1 : this.#count + 1;
    } while (this.#entries.has(this.#idBase + this.#count));
    return this.#idBase + this.#count;
  }

  get size(): number {
    return this.#entries.size;
  }

  get uptimeMs(): number {
    return this.#clock.monotonicMs() - this.startedMs;
  }

  /** Of all clients that were ever logged in. */
  get traffic(): Traffic {
    return [...this.#entries.values()].reduce(
      (sum, { connection }) => added(sum, connection.traffic),
      this.#pastTraffic,
    );
  }

  add(session: Session, connection: ClientConnection): RegisteredSession {
    const sinceMs = this.#clock.monotonicMs();
    const entry: RegisteredSession = { session, command: 'Sleep', info: null, sinceMs, connection };
    this.#entries.set(session.id, entry);
    this.counters.maxUsed = Math.max(this.counters.maxUsed, this.#entries.size);
    return entry;
  }

  remove(id: number): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    this.#pastTraffic = added(this.#pastTraffic, entry.connection.traffic);
    this.#entries.delete(id);
  }

  /** A command begins (or, with 'Sleep', ends): when, in monotonic milliseconds. */
  mark(entry: RegisteredSession, command: CommandName, info: string | null): number {
    const now = this.#clock.monotonicMs();
    if (command !== 'Sleep') this.counters.questions += 1;
    else if (isSlow(entry, now)) this.counters.slow += 1;
    entry.command = command;
    entry.info = info;
    return (entry.sinceMs = now);
  }

  /** A command that was answered before anybody could see it: when. */
  passed(entry: RegisteredSession): number {
    this.counters.questions += 1;
    return (entry.sinceMs = this.#clock.monotonicMs());
  }

  list(): readonly ProcessDescription[] {
    const now = this.#clock.monotonicMs();
    return [...this.#entries.values()].map(({ session, command, info, sinceMs }) => ({
      id: session.id,
      user: session.account.user,
      host: session.peer,
      database: session.database,
      command,
      timeMs: now - sinceMs,
      state: command === 'Sleep' ? '' : 'executing',
      info: info === null ? null : maskSecrets(info),
    }));
  }

  has(id: number): boolean {
    return this.#entries.has(id);
  }

  /** The session of connection `id`. Throws noSuchThread. */
  session(id: number): Session {
    return this.#entry(id).session;
  }

  /** KILL QUERY ends the statement, KILL CONNECTION the client too. Throws noSuchThread. */
  kill(id: number, what: 'query' | 'connection'): void {
    const entry = this.#entry(id);
    entry.session.kill();
    if (what === 'connection') entry.connection.disconnect();
  }

  #entry(id: number): RegisteredSession {
    const entry = this.#entries.get(id);
    if (entry === undefined) throw databaseError('noSuchThread', { id: String(id) });
    return entry;
  }
}

/** Has the command that ends now taken as long as its client calls slow? */
function isSlow({ session, command, sinceMs }: RegisteredSession, now: number): boolean {
  if (command === 'Sleep') return false;
  return now - sinceMs >= Number(session.variables.get('session', 'long_query_time')) * 1000;
}

function added(one: Traffic, other: Traffic): Traffic {
  return {
    bytesReceived: one.bytesReceived + other.bytesReceived,
    bytesSent: one.bytesSent + other.bytesSent,
  };
}
