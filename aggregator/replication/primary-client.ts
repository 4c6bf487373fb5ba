// Logs in at the primary's master aggregator, as any MySQL client would, and asks for a source.

import { createConnection, type Connection } from 'mysql2';
import { nameText } from '#shared/sql/name-text.ts';
import { must } from '#shared/assert.ts';
import type { Clock } from '#shared/clock.ts';
import { addressText } from '#shared/cluster/topology.ts';
import { databaseError, type DatabaseError } from '#shared/error.ts';
import { readSourceRow, type ReplicationSource } from './replication-source.ts';

/** A primary that does not take the connection in this time is unreachable. */
const connectTimeoutMs = 5000;
/** Login and both statements together, in milliseconds. */
const answerTimeoutMs = 10_000;

/** Where the primary is, and as whom we come. */
export interface PrimaryLogin {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** The database there. */
  readonly database: string;
}

/** The user variable by which a secondary says which cluster it is. */
export const followerVariable = 'twinleaf_follower';

export interface SourceRequest {
  readonly login: PrimaryLogin;
  /** Our own cluster's id. */
  readonly follower: string;
  readonly clock: Clock;
}

type ResultRows = readonly Readonly<Record<string, unknown>>[];

/**
 * The source of a database, with a fresh ticket. Throws primaryUnreachable, primaryRefusedLogin,
 * primaryUnknownDatabase, primaryMissingPrivilege, primaryNotMasterAggregator or primaryRefused.
 */
export async function fetchReplicationSource(request: SourceRequest): Promise<ReplicationSource> {
  return (await fetchSource(request, true)) ?? must(await fetchSource(request, false));
}

/**
 * Over TLS the ticket is seen by nobody on the way; whose certificate it is is not asked. Null
 * where TLS is wanted and the primary offers none.
 */
async function fetchSource(
  { login, follower, clock }: SourceRequest,
  overTls: boolean,
): Promise<ReplicationSource | null> {
  const { host, port, user, password } = login;
  const connection = createConnection({
    host,
    port,
    user,
    password,
    ...(overTls ? { ssl: { rejectUnauthorized: false } } : {}),
    connectTimeout: connectTimeoutMs,
    supportBigNumbers: true,
    dateStrings: true,
  });
  let isLate = false;
  const timer = clock.after(answerTimeoutMs, () => {
    isLate = true;
    connection.destroy();
  });
  try {
    await query(connection, `SET @${followerVariable} = ?`, [follower]);
    const name = nameText(login.database);
    const rows = await query(connection, `SHOW REPLICATION SOURCE FOR ${name}`, []);
    const source = rows[0] === undefined ? null : readSourceRow(rows[0]);
    if (source !== null) return source;
    throw databaseError('primaryNotMasterAggregator', { address: addressText(login) });
  } catch (error) {
    if (codeOf(error) === 'HANDSHAKE_NO_SSL_SUPPORT') return null;
    if (isLate) throw unreachable(login, `no answer within ${answerTimeoutMs} ms`, error);
    throw explain(login, error);
  } finally {
    timer.cancel();
    connection.destroy();
  }
}

function query(
  connection: Connection,
  sql: string,
  values: readonly string[],
): Promise<ResultRows> {
  const { promise, resolve, reject } = Promise.withResolvers<ResultRows>();
  const lost = (error: Error) => reject(error);
  const ended = () => reject(new ConnectionEnded('the connection was closed'));
  connection.once('error', lost);
  connection.once('end', ended);
  connection.query(sql, [...values], (error, rows) => {
    if (error !== null) reject(error);
    else resolve(Array.isArray(rows) ? (rows as ResultRows) : []);
  });
  // What the driver reports after we have our answer concerns nobody.
  connection.on('error', () => undefined);
  return promise;
}

class ConnectionEnded extends Error {
  override readonly name = 'ConnectionEnded';
}

function unreachable(login: PrimaryLogin, reason: string, cause: unknown): DatabaseError {
  const address = addressText(login);
  return databaseError('primaryUnreachable', { address, reason }, cause);
}

/** The driver's word for what is wrong, or ''. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error) || !('code' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
}

/** What the driver says, as one of our own errors. */
function explain(login: PrimaryLogin, error: unknown): Error {
  if (!(error instanceof Error) || error.name === 'DatabaseError') return error as Error;
  const { user, database } = login;
  const address = addressText(login);
  const errno = 'errno' in error && typeof error.errno === 'number' ? error.errno : 0;
  const code = codeOf(error);
  if (!code.startsWith('ER_') && errno < 1000) {
    return unreachable(login, reasonOf(code, error), error);
  }
  switch (errno) {
    case 1045:
    case 1698:
    case 1251:
      return databaseError('primaryRefusedLogin', { address, reason: error.message }, error);
    case 1049:
    case 1102:
      return databaseError('primaryUnknownDatabase', { address, database }, error);
    case 1044:
    case 1142:
    case 1227:
      return databaseError('primaryMissingPrivilege', { address, user, database }, error);
    case 1064:
    case 1149:
    case 1235:
    case 1752:
      return databaseError('primaryNotMasterAggregator', { address }, error);
    default:
      return databaseError('primaryRefused', { address, reason: error.message }, error);
  }
}

function reasonOf(code: string, error: Error): string {
  switch (code) {
    case 'ECONNREFUSED':
      return 'connection refused';
    case 'ETIMEDOUT':
      return `no answer within ${connectTimeoutMs} ms`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'host name not found';
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return 'no route to it';
    default:
      return error.message;
  }
}
