// A statement that only the master aggregator may run, sent there with the session it belongs to.

import type { Session, Warning } from '#aggregator/session.ts';
import {
  rowsResult,
  type ResultColumn,
  type StatementResult,
} from '#aggregator/statement-result.ts';
import { databaseError } from '#shared/error.ts';
import type { Row } from '#shared/sql/column-type.ts';
import type { ForwardedStatement } from '#shared/wire/message.ts';
import type { FollowedMetadata } from './followed-metadata.ts';

/** Rows of one answer: what is forwarded shows the state of a cluster, not tables. */
const rowsMax = 1_000_000;

/**
 * Runs it there. When it is answered, this aggregator's own copy of the metadata knows what it has
 * changed. Throws what it throws there, and masterUnreachable.
 */
export async function forwardStatement(
  metadata: FollowedMetadata,
  session: Session,
  text: string,
  sleep: (ms: number) => Promise<void>,
): Promise<StatementResult> {
  const items = metadata.master.stream('forward', forwarded(session, text), session.signal);
  let result: StatementResult | null = null;
  let columns: readonly ResultColumn[] = [];
  const rows: Row[] = [];
  for await (const item of items) {
    if (item.kind === 'ok') result = item;
    else if (item.kind === 'columns') columns = item.columns as readonly ResultColumn[];
    else if (item.kind === 'rows') rows.push(...item.rows);
    else {
      session.database = item.database;
      session.warnings = [...(item.warnings as readonly Warning[])];
      await metadata.reached(item.revision, sleep);
    }
    if (rows.length > rowsMax) throw databaseError('internal', { reason: 'too many rows' });
  }
  return result ?? rowsResult(columns, rows);
}

function forwarded(session: Session, text: string): ForwardedStatement {
  const { account, peer, database, variables, userVariables } = session;
  return {
    account: { user: account.user, host: account.host },
    ...{ peer, database, text },
    variables: variables.own(),
    userVariables: [...userVariables].map(([name, { type, value }]) => [name, type, value]),
  };
}
