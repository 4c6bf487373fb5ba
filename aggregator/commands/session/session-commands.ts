// USE, KILL, FLUSH, DO, CALL, HELP, and the statements that are refused by their names.

import type { Command, CommandTable } from '#aggregator/commands/command.ts';
import type { Evaluate } from '#aggregator/commands/evaluate.ts';
import { hasPrivilege } from '#aggregator/metadata/privilege.ts';
import type { Accounts } from '#aggregator/metadata/accounts.ts';
import type { SessionRegistry } from '#aggregator/session-registry.ts';
import type { Account, Session } from '#aggregator/session.ts';
import { computedColumn, ok, rowsResult } from '#aggregator/statement-result.ts';
import type { VirtualTables } from '#aggregator/virtual-tables.ts';
import { databaseError } from '#shared/error.ts';
import type { KillOrder } from '#shared/wire/message.ts';
import { dropRoutine } from './missing-routines.ts';

export interface SessionCommandParts {
  readonly evaluate: Evaluate;
  readonly accounts: Accounts;
  readonly registry: SessionRegistry;
  /** KILL of a connection that this aggregator does not hold. Throws noSuchThread, killDenied. */
  readonly killElsewhere: (order: KillOrder) => Promise<void>;
  /** ALTER INSTANCE RELOAD TLS. */
  readonly reloadTls: () => void;
  readonly virtualTables: Pick<VirtualTables, 'isVirtualDatabase'>;
}

const everywhere = { database: null, table: null };

function createUse(parts: SessionCommandParts): Command<'use'> {
  return async (context, session, { database }) => {
    if (parts.virtualTables.isVirtualDatabase(database)) session.database = database.toLowerCase();
    else session.database = context.catalog.database(database).name;
    return ok();
  };
}

/** One's own connections, and with CONNECTION_ADMIN or SUPER everyone's. */
function mayKill({ accounts }: Pick<KillParts, 'accounts'>, by: Account, other: Session): boolean {
  if (by.user === other.account.user) return true;
  const account = accounts.find(by);
  if (account === null) return false;
  return ['CONNECTION_ADMIN', 'SUPER'].some((name) => hasPrivilege(account, name, everywhere));
}

/** What `killConnection` needs. */
export interface KillParts {
  readonly accounts: Accounts;
  readonly registry: SessionRegistry;
}

/** KILL of a connection of this aggregator. Throws noSuchThread and killDenied. */
export function killConnection(parts: KillParts, { id, what, account }: KillOrder): void {
  const other = parts.registry.session(id);
  if (!mayKill(parts, account, other)) throw databaseError('killDenied', { id: String(id) });
  parts.registry.kill(id, what);
}

function createKill(parts: SessionCommandParts): Command<'kill'> {
  return async (_context, session, statement) => {
    const [evaluated] = await parts.evaluate(session, [statement.id]);
    const id = Number(evaluated?.value ?? 0);
    if (id === session.id) {
      // The client is told before its connection ends.
      if (!statement.query) session.isEnding = true;
      throw databaseError('queryInterrupted', {});
    }
    const what = statement.query ? 'query' : 'connection';
    const order = { id, what, account: session.account } as const;
    if (parts.registry.has(id)) killConnection(parts, order);
    else await parts.killElsewhere(order);
    return ok();
  };
}

/** Most of what FLUSH is about is always up to date; a read lock would be a promise not kept. */
function createFlush(parts: SessionCommandParts): Command<'flush'> {
  return async (_context, _session, { what, readLock }) => {
    if (readLock) throw databaseError('unsupported', { what: `FLUSH ${what} WITH READ LOCK` });
    if (what === 'HOSTS') parts.registry.loginGuard.forgive();
    if (what === 'TLS') parts.reloadTls();
    return ok();
  };
}

function createDo(parts: SessionCommandParts): Command<'do'> {
  return async (_context, session, { expressions }) => {
    await parts.evaluate(session, expressions);
    return ok();
  };
}

const call: Command<'call'> = async (_context, session, { name }) => {
  const database = name.database ?? session.database;
  const routine = database === null ? name.table : `${database}.${name.table}`;
  throw databaseError('unknownProcedure', { name: routine });
};

const help: Command<'help'> = async () => {
  const text = { kind: 'string', form: 'varchar', collation: 'utf8mb4_general_ci' } as const;
  const columns = [
    computedColumn('name', { ...text, length: 64 }),
    computedColumn('is_it_category', { ...text, length: 1 }),
  ];
  return rowsResult(columns, []);
};

const unsupported: Command<'unsupported'> = async (_context, _session, { what }) => {
  throw databaseError('unsupported', { what });
};

export function createSessionCommands(parts: SessionCommandParts): CommandTable {
  return {
    use: createUse(parts),
    kill: createKill(parts),
    flush: createFlush(parts),
    do: createDo(parts),
    call,
    help,
    dropRoutine,
    unsupported,
  };
}
