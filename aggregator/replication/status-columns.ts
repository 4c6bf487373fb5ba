// The types of columns that tell of nodes and links, and positions as clients read them.

import { crc32 } from 'node:zlib';
import { computedColumn, type ResultColumn } from '#aggregator/statement-result.ts';
import { addressText, type Address } from '#shared/cluster/topology.ts';
import type { LSN } from '#shared/log/lsn.ts';
import type { ColumnType, Row } from '#shared/sql/column-type.ts';

/** Columns with all their rows, before any LIKE or WHERE. */
export interface StatusTable {
  readonly columns: readonly ResultColumn[];
  readonly rows: readonly Row[];
}

const types = {
  text: { kind: 'string', form: 'varchar', length: 512, collation: 'utf8mb4_general_ci' },
  short: { kind: 'string', form: 'varchar', length: 256, collation: 'utf8mb4_general_ci' },
  long: { kind: 'string', form: 'text', length: 65535, collation: 'utf8mb4_general_ci' },
  integer: { kind: 'integer', bits: 64, unsigned: false },
  real: { kind: 'double', unsigned: false },
} as const satisfies Record<string, ColumnType>;

/** Columns by name and type, each of which may be null. */
export function statusColumns(
  columns: Readonly<Record<string, keyof typeof types>>,
): readonly ResultColumn[] {
  return Object.entries(columns).map(([name, type]) => computedColumn(name, types[type]));
}

/** A number for a name: databases have no other identity. */
export function databaseId(database: string): bigint {
  return BigInt(crc32(database));
}

/** `<term>:<LSN>`, where SingleStore has `<log file>:<offset>`. */
export function positionText(position: { readonly term: number; readonly lsn: LSN }): string {
  return `${position.term}:${position.lsn}`;
}

/** `host:port/shop_0`, or `host:port/shop` for a name. */
export function uriText(address: Address | string, name: string): string {
  return `${typeof address === 'string' ? address : addressText(address)}/${name}`;
}
