// Tasks that are carried out once more, elsewhere: which can be, and whether they did the same.
//
// Changes that foreign keys act on cannot be made once more as changes: they hold what the actions
// did, and the actions would do it again. The tasks themselves can, as long as the lock is held.

import { readChangeset, type RowChange } from '#shared/log/changeset.ts';
import type { WriteStep } from '#shared/wire/message.ts';

/** Rows and statements of one transaction that are remembered. */
const REMEMBERED_MAX = 10_000;
/** What may come out otherwise the next time. */
const VARYING = /\b(?:random|randomblob|tl_uuid|limit)\b/i;

/** The tasks of a transaction, in their order. */
export class RememberedTasks {
  readonly #tasks: (readonly WriteStep[])[] = [];
  #count = 0;
  /** One of them would not do the same, or they are too many. */
  #isLost = false;

  /** How many there are: what `undoTo` goes back to. */
  get mark(): number {
    return this.#tasks.length;
  }

  add(steps: readonly WriteStep[]): void {
    for (const step of steps) {
      this.#count += step.kind === 'rows' ? step.rows.length : 1;
      this.#isLost ||= VARYING.test(step.sql);
    }
    this.#isLost ||= this.#count > REMEMBERED_MAX;
    if (this.#isLost) this.#tasks.length = 0;
    else this.#tasks.push(steps);
  }

  /** Those behind it are taken back. */
  undoTo(mark: number): void {
    if (!this.#isLost) this.#tasks.length = mark;
  }

  /** The tasks up to each of these marks, and those behind the last; null: not all are known. */
  pieces(marks: readonly number[]): readonly (readonly (readonly WriteStep[])[])[] | null {
    if (this.#isLost) return null;
    const ends = [...marks, this.mark];
    return ends.map((to, index) => this.#tasks.slice(ends[index - 1] ?? 0, to));
  }
}

type Values = Map<number, string>;

/** What has become of one row: of an update only what it sets. */
interface NetChange {
  /** Null: the row was not there. */
  readonly before: Values | null;
  /** Null: it is not there any more. */
  after: Values | null;
}

/** True where both changesets lead from the same rows to the same rows. */
export function areSameChanges(one: Uint8Array, other: Uint8Array): boolean {
  const changes = netChanges(one);
  const others = netChanges(other);
  return (
    changes.size === others.size && changes.entries().every(([row, net]) => others.get(row) === net)
  );
}

/** By table and key. */
function netChanges(changeset: Uint8Array): Map<string, string> {
  const rows = new Map<string, NetChange>();
  for (const change of readChangeset(changeset)) {
    const { before, after } = valuesOf(change);
    const name = keyOf(change);
    const known = rows.get(name);
    if (known === undefined) rows.set(name, { before, after });
    else follow(known, { before, after });
  }
  const told = new Map<string, string>();
  for (const [name, { before, after }] of rows) {
    const text = tell(before, after);
    if (text !== null) told.set(name, text);
  }
  return told;
}

/** A change of the same row, behind those that are known. */
function follow(known: NetChange, { before, after }: NetChange): void {
  for (const [column, value] of before ?? []) {
    // A column that nothing had changed before.
    if (known.before !== null && !known.before.has(column)) known.before.set(column, value);
  }
  known.after = after === null ? null : new Map([...(known.after ?? []), ...after]);
}

/** Null: it is as it was. */
function tell(before: Values | null, after: Values | null): string | null {
  if (before === null || after === null) {
    return before === after ? null : JSON.stringify([listed(before), listed(after)]);
  }
  const changed = [...after].filter(([column, value]) => before.get(column) !== value);
  if (changed.length === 0) return null;
  const old = changed.map(([column]): [number, string] => [column, before.get(column) ?? '']);
  return JSON.stringify([listed(new Map(old)), listed(new Map(changed))]);
}

function listed(values: Values | null): readonly (readonly [number, string])[] | null {
  return values === null ? null : [...values].sort(([a], [b]) => a - b);
}

function valuesOf({ before, after }: RowChange): NetChange {
  return { before: before === null ? null : texts(before), after: after && texts(after) };
}

function texts(values: readonly unknown[]): Values {
  const known: Values = new Map();
  for (const [column, value] of values.entries()) {
    if (value !== undefined) known.set(column, textOf(value));
  }
  return known;
}

function textOf(value: unknown): string {
  return value instanceof Uint8Array
    ? `x${Buffer.from(value).toString('hex')}`
    : `${typeof value} ${String(value)}`;
}

function keyOf({ table, keyColumns, before, after }: RowChange): string {
  const row = before ?? after ?? [];
  return JSON.stringify([table, ...keyColumns.map((column) => textOf(row[column]))]);
}
