// Changes that are about to be taken back are kept first, where they can be queried: <db>_rescued.

import type { DatabaseDefinition } from '#aggregator/metadata/database-definition.ts';
import { nameText } from '#shared/sql/name-text.ts';
import type { TableDefinition } from '#shared/cluster/table-definition.ts';
import type { LSN } from '#shared/log/lsn.ts';
import type { SourceValue } from '#shared/sql/source-value.ts';
import type { LoggedChange } from '#shared/wire/message.ts';
import { leafOf } from './master-leaves.ts';
import type { ReplicationParts } from './replication-parts.ts';
import { rescueColumns, rescueKey, rescueRows, type RescueReason } from './rescue-row.ts';

/** Rows of one INSERT. */
const rowsPerInsert = 200;
/** The longest name that a database can have. */
const nameLengthMax = 64;
const suffix = '_rescued';

export interface Rescue {
  readonly database: DatabaseDefinition;
  /** By ordinal: what comes after this LSN is kept. */
  readonly after: ReadonlyMap<number, LSN>;
  /** Transactions that are kept where they are prepared before, too. */
  readonly lost: ReadonlySet<string>;
  readonly committed: ReadonlySet<string>;
  readonly reason: RescueReason;
}

/** Where the changes of a database are kept; a long name is cut, the rows tell the whole one. */
export function rescuedName(database: string): string {
  return `${database.slice(0, nameLengthMax - suffix.length)}${suffix}`;
}

/**
 * Keeps what the partitions have changed after the given LSNs; answers how many rows that were.
 * They are durable when it returns, and kept once however often it is done.
 */
export async function rescueChanges(parts: ReplicationParts, rescue: Rescue): Promise<number> {
  const { name } = rescue.database;
  let count = 0;
  let waiting: SourceValue[][] = [];
  for (const [ordinal, lsn] of rescue.after) {
    for await (const row of rowsOf(parts, rescue, { ordinal, lsn })) {
      if (count === 0) await makeTable(parts, name);
      count += 1;
      if (waiting.push(row) < rowsPerInsert) continue;
      await keep(parts, name, waiting);
      waiting = [];
    }
  }
  if (waiting.length > 0) await keep(parts, name, waiting);
  return count;
}

async function* rowsOf(
  parts: ReplicationParts,
  rescue: Rescue,
  { ordinal, lsn }: { readonly ordinal: number; readonly lsn: LSN },
): AsyncGenerator<SourceValue[]> {
  const { database, committed, reason } = rescue;
  const key = { database: database.name, ordinal };
  const tables = new Map<string, TableDefinition>();
  const nowMs = parts.clock.now();
  const leaf = leafOf(parts, database, ordinal);
  for await (const item of leaf.stream('changesAfter', { key, lsn })) {
    if (item.kind === 'tables') {
      for (const table of item.tables) tables.set(table.name, table);
      continue;
    }
    for (const change of item.changes) {
      if (change.lsn <= lsn && !rescue.lost.has(change.transactionId ?? '')) continue;
      yield* rescueRows(change, { key, tables, committed, reason, nowMs });
      noteDefinition(tables, change);
    }
  }
}

/** From here on its tables are those that the definition has made. */
function noteDefinition(tables: Map<string, TableDefinition>, { content }: LoggedChange): void {
  if (content.kind !== 'definition') return;
  for (const name of content.change.drop) tables.delete(name);
  for (const table of content.change.put) tables.set(table.name, table);
}

/** Two rescues at the same moment would both make it. */
async function makeTable(parts: ReplicationParts, database: string): Promise<void> {
  const name = nameText(rescuedName(database));
  const columns = rescueColumns.map(([column, sql]) => `${column} ${sql}`).join(', ');
  await parts.runStatement(`CREATE DATABASE IF NOT EXISTS ${name} PARTITIONS 1`, []);
  await parts.runStatement(
    `CREATE TABLE IF NOT EXISTS ${name}.changes (${columns}, PRIMARY KEY (${rescueKey}))`,
    [],
  );
}

async function keep(
  parts: ReplicationParts,
  database: string,
  rows: readonly SourceValue[][],
): Promise<void> {
  const marks = `(${rescueColumns.map(() => '?').join(', ')})`;
  const into = `INSERT IGNORE INTO ${nameText(rescuedName(database))}.changes`;
  const columns = rescueColumns.map(([name]) => name).join(', ');
  const text = `${into} (${columns}) VALUES ${rows.map(() => marks).join(', ')}`;
  await parts.runStatement(text, rows.flat());
}
