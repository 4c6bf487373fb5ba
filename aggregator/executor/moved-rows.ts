// Rows of an UPDATE that may get another shard key: they are taken out where they are and put in
// where they belong then.

import type { ResolvedChange } from '#aggregator/planner/resolve-change.ts';
import { quoteName } from '#aggregator/planner/deparse/fragment.ts';
import { noNames } from '#aggregator/planner/from-names.ts';
import { rowRouter, storedColumns } from '#aggregator/planner/insert-planner.ts';
import { selectItem } from '#aggregator/planner/resolve-select-items.ts';
import type { SelectItem } from '#aggregator/planner/resolved-query.ts';
import type { Row } from '#shared/sql/column-type.ts';

/** Everything that SQLite keeps of a row of the changed table. */
export function wholeRow({ target }: ResolvedChange): readonly SelectItem[] {
  return storedColumns(target.table).map(({ name, type, nullable }) => {
    const column = { kind: 'column', relation: target.id, column: name, type, nullable } as const;
    return selectItem(column, '', noNames);
  });
}

/** Where a picked row is, and where it goes. */
export interface PlacedRow {
  readonly ordinal: number;
  /** The row as it will be, in the order of storedColumns; null where its shard key stays. */
  readonly moved: { readonly ordinal: number; readonly row: Row } | null;
}

/** `places` says where in a picked row the assigned values and the whole row begin. */
export function rowPlacer(
  { target, assignments }: ResolvedChange,
  partitionCount: number,
  places: { readonly values: number; readonly whole: number },
): (picked: Row) => PlacedRow {
  const { table } = target;
  const columns = storedColumns(table).map(({ name }) => name);
  const ordinalOf = rowRouter(table, partitionCount);
  const keys = table.shardKey.map((name) => columns.indexOf(name));
  const assigned = assignments.map(({ column, automatic }) => {
    return { place: columns.indexOf(column.name), automatic };
  });
  return (picked) => {
    const before = picked.slice(places.whole, places.whole + columns.length);
    const row = [...before];
    for (const [i, { place }] of assigned.entries()) row[place] = picked[places.values + i] ?? null;
    const ordinal = ordinalOf(before);
    const isChanged = (place: number) => !sameValue(row[place], before[place]);
    const isMeant = assigned.some(({ place, automatic }) => !automatic && isChanged(place));
    if (!isMeant || !keys.some(isChanged)) return { ordinal, moved: null };
    return { ordinal, moved: { ordinal: ordinalOf(row), row } };
  };
}

function sameValue(one: Row[number] | undefined, other: Row[number] | undefined): boolean {
  if (one instanceof Uint8Array && other instanceof Uint8Array) {
    return Buffer.compare(one, other) === 0;
  }
  return one === other;
}

/** The text that puts a whole row in. */
export function movedInText({ target: { table } }: ResolvedChange): string {
  const columns = storedColumns(table).map(({ name }) => quoteName(name));
  const holes = columns.map(() => '?').join(', ');
  return `INSERT INTO ${quoteName(table.name)} (${columns.join(', ')}) VALUES (${holes})`;
}
