// Where a table's rows will live: sharded by which key, all in one partition, or everywhere.

import { databaseError } from '#shared/error.ts';
import type {
  ForeignKeyDefinition,
  IndexDefinition,
  TableSpread,
} from '#shared/cluster/table-definition.ts';

export interface SpreadRequest {
  readonly reference: boolean;
  /** SHARD KEY's columns in the table's own spelling; null where it was not written. */
  readonly shardKey: readonly string[] | null;
  readonly indexes: readonly IndexDefinition[];
  readonly foreignKeys: readonly ForeignKeyDefinition[];
  /** Tables of the database whose foreign keys point to this one. */
  readonly referencedBy: readonly string[];
  /** The hidden key's column, when the table has no primary key. */
  readonly hiddenKey: string | null;
}

export interface SpreadDecision {
  readonly spread: TableSpread;
  readonly shardKey: readonly string[];
  readonly explicit: boolean;
  /** Why the table is not spread, as a warning; null when it is, or when it was asked for. */
  readonly warning: string | null;
}

function columnsOf(index: IndexDefinition): string[] {
  return index.parts.map((part) => part.column);
}

function uniqueKeys(request: SpreadRequest): IndexDefinition[] {
  return request.indexes.filter(
    (index) => index.kind === 'unique' || (index.kind === 'primary' && request.hiddenKey === null),
  );
}

/** The key that every unique key contains: the primary key, else what all have in common. */
function commonKey(keys: readonly IndexDefinition[]): string[] {
  const [first, ...others] = keys.map(columnsOf);
  if (first === undefined) return [];
  return first.filter((column) => others.every((columns) => columns.includes(column)));
}

function explicitDecision(request: SpreadRequest, shardKey: readonly string[]): SpreadDecision {
  if (request.foreignKeys.length > 0 || request.referencedBy.length > 0) {
    throw databaseError('unsupported', { what: 'FOREIGN KEY on a table with a SHARD KEY' });
  }
  const key = shardKey.length > 0 || request.hiddenKey === null ? shardKey : [request.hiddenKey];
  for (const unique of uniqueKeys(request)) {
    const columns = columnsOf(unique);
    if (key.length === 0 || !key.every((column) => columns.includes(column))) {
      throw databaseError('uniqueKeyShardKey', { name: unique.name });
    }
  }
  return { spread: 'sharded', shardKey: key, explicit: true, warning: null };
}

function single(warning: string): SpreadDecision {
  return { spread: 'single', shardKey: [], explicit: false, warning };
}

/** Decides by the rules of ARCHITECTURE.md, "Where a row lives". Throws uniqueKeyShardKey. */
export function decideSpread(request: SpreadRequest): SpreadDecision {
  if (request.reference) {
    return { spread: 'reference', shardKey: [], explicit: true, warning: null };
  }
  if (request.shardKey !== null) return explicitDecision(request, request.shardKey);
  if (request.foreignKeys.length > 0 || request.referencedBy.length > 0) {
    return single('The table has foreign keys, so all its rows live in one partition');
  }
  const keys = uniqueKeys(request);
  if (keys.length === 0 && request.hiddenKey !== null) {
    const shardKey = [request.hiddenKey];
    return { spread: 'sharded', shardKey, explicit: false, warning: null };
  }
  const shardKey = commonKey(keys);
  if (shardKey.length > 0) return { spread: 'sharded', shardKey, explicit: false, warning: null };
  return single(
    'No shard key is part of every unique key, so all rows of the table live in one partition; ' +
      'to spread them, add the columns of a SHARD KEY to every unique key',
  );
}
