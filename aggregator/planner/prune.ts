// WHERE to the partitions that can match: what the conditions say about a shard key's values.

import { partitionOfSlot, slotOf } from '#shared/cluster/partition-hash.ts';
import type { ColumnType } from '#shared/sql/column-type.ts';
import { must } from '#shared/assert.ts';
import { conjuncts } from './from-tree.ts';
import { hashesAlike, hashableConstant } from './hash-types.ts';
import { combinations, type KeyChoice, type Route } from './route.ts';
import type { TableRelation } from './survey-query.ts';
import type { TypedExpression } from './typed-expression.ts';

type ColumnExpression = Extract<TypedExpression, { kind: 'column' }>;

/** More combinations of key values than this are not looked at one by one. */
const COMBINATIONS_MAX = 1_000;

/** A statement for no more values than these of each column of a key is a short one. */
const KEYS_FEW = 20;

/** More alternatives of an OR than this are not looked at one by one. */
const ALTERNATIVES_MAX = 1_000;

/** How deep ORs within ORs are followed. */
const OR_DEPTH_MAX = 3;

/**
 * The partitions that can hold rows of a sharded table for which all `conditions` hold, ascending;
 * null for all partitions. Empty when no row can match. With `isRouted` each run of a kept plan
 * finds its own, so the plan is not held to these.
 */
export function prune(
  relation: TableRelation,
  conditions: readonly TypedExpression[],
  partitionCount: number,
  isRouted = false,
): readonly number[] | null {
  const parts = conditions.flatMap(conjuncts);
  const found = pruneParts(relation, { parts, partitionCount, isRouted, depth: 0 });
  return found === null ? null : [...found].sort((a, b) => a - b);
}

interface Question {
  readonly parts: readonly TypedExpression[];
  readonly partitionCount: number;
  readonly isRouted: boolean;
  readonly depth: number;
}

function pruneParts(relation: TableRelation, question: Question): ReadonlySet<number> | null {
  const { parts, depth } = question;
  if (parts.some(isNeverTrue)) return new Set();
  let result = partitionsOfKeys(relation, question);
  if (depth >= OR_DEPTH_MAX) return result;
  for (const part of parts) {
    if (part.kind !== 'or' || part.operands.length > ALTERNATIVES_MAX) continue;
    const rest = parts.filter((other) => other.kind !== 'or');
    const union = unionOf(
      part.operands.map((operand) =>
        pruneParts(relation, {
          ...question,
          parts: [...rest, ...conjuncts(operand)],
          depth: depth + 1,
        }),
      ),
    );
    result = intersect(result, union);
  }
  return result;
}

/** NULL and 0, which conditions that cannot hold are resolved to. */
function isNeverTrue(part: TypedExpression): boolean {
  if (part.kind !== 'constant' || part.type.kind === 'string') return false;
  return part.value === null || part.value === 0n || part.value === 0;
}

function unionOf(sets: readonly (ReadonlySet<number> | null)[]): ReadonlySet<number> | null {
  const union = new Set<number>();
  for (const set of sets) {
    if (set === null) return null;
    for (const ordinal of set) union.add(ordinal);
  }
  return union;
}

/** The ordinals in both; null stands for all. */
export function intersect(
  left: ReadonlySet<number> | null,
  right: ReadonlySet<number> | null,
): ReadonlySet<number> | null {
  if (left === null) return right;
  return right === null ? left : left.intersection(right);
}

function partitionsOfKeys(
  relation: TableRelation,
  { parts, partitionCount, isRouted }: Question,
): ReadonlySet<number> | null {
  const choices = choicesOf(relation, parts);
  if (choices === null) return null;
  const valueOf = ({ constant }: KeyChoice) =>
    isRouted && constant.slot !== undefined ? constant.slot.peek() : constant.value;
  const ordinals = combinations(choices).map((row) => {
    const slot = slotOf(
      row.map(valueOf),
      row.map(({ type }) => type),
    );
    return partitionOfSlot(slot, partitionCount);
  });
  return new Set(ordinals);
}

/** The values of each column of the shard key; null where nothing says so, or too many do. */
function choicesOf(relation: TableRelation, parts: readonly TypedExpression[]): Route | null {
  const route: (readonly KeyChoice[])[] = [];
  let count = 1;
  for (const column of relation.table.shardKey) {
    const values = valuesOf({ relation, column }, parts);
    if (values === null) return null;
    count *= values.length;
    if (count > COMBINATIONS_MAX) return null;
    route.push(values);
  }
  return route;
}

/**
 * How each run of a kept plan finds the partitions of a table: null where the plan is made for
 * once, or where more than the values of the shard key decides.
 */
export function routeOf(
  relation: TableRelation,
  conditions: readonly TypedExpression[],
): Route | null {
  const parts = conditions.flatMap(conjuncts);
  if (parts.some((part) => part.kind === 'or' || part.kind === 'constant')) return null;
  const route = choicesOf(relation, parts);
  if (route === null || route.some((choices) => choices.length === 0)) return null;
  const isTraced = route.some((choices) => choices.some(({ constant }) => constant.slot));
  return isTraced ? route : null;
}

/** True when the conditions name the primary key's values: so few rows can match. */
export function isByKey(relation: TableRelation, conditions: readonly TypedExpression[]): boolean {
  const parts = conditions.flatMap(conjuncts);
  const primary = relation.table.indexes.find(({ kind }) => kind === 'primary');
  if (primary === undefined) return false;
  return primary.parts.every(({ column }) => {
    const values = valuesOf({ relation, column }, parts);
    return values !== null && values.length <= KEYS_FEW;
  });
}

/** The values that a column can have, by equality with constants; null where nothing says so. */
function valuesOf(
  { relation, column }: { readonly relation: TableRelation; readonly column: string },
  parts: readonly TypedExpression[],
): readonly KeyChoice[] | null {
  const { type } = must(relation.table.columns.find((candidate) => candidate.name === column));
  for (const isEqual of equalColumns({ relation: relation.id, column, type }, parts)) {
    for (const part of parts) {
      const values = constantsOf(part, isEqual, type);
      if (values !== null) return values;
    }
  }
  return null;
}

/** Tests for the column, and for each that the parts say to be equal to it and to hash alike. */
function* equalColumns(
  column: Pick<ColumnExpression, 'relation' | 'column' | 'type'>,
  parts: readonly TypedExpression[],
): Generator<(part: TypedExpression) => boolean> {
  const seen = new Set<string>();
  const queue: Pick<ColumnExpression, 'relation' | 'column'>[] = [column];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    const current = next;
    const key = `${current.relation}.${current.column}`;
    if (seen.has(key)) continue;
    seen.add(key);
    const isCurrent = (part: TypedExpression): boolean =>
      part.kind === 'column' &&
      part.relation === current.relation &&
      part.column === current.column;
    yield isCurrent;
    for (const part of parts) {
      const other = equalColumn(part, isCurrent);
      if (other !== null && hashesAlike(column.type, other.type)) queue.push(other);
    }
  }
}

function constantsOf(
  part: TypedExpression,
  isColumn: (part: TypedExpression) => boolean,
  type: ColumnType,
): readonly KeyChoice[] | null {
  if (part.kind === 'in' && !part.negated && isColumn(part.operand)) {
    if (part.list.length > COMBINATIONS_MAX) return null;
    const values = part.list.map((item) => hashableConstant(item, type, part.collation));
    return values.every((value) => value !== null) ? values.flat() : null;
  }
  const sides = equalSides(part);
  if (sides === null) return null;
  const { left, right, collation } = sides;
  if (isColumn(left)) return hashableConstant(right, type, collation);
  return isColumn(right) ? hashableConstant(left, type, collation) : null;
}

function equalSides(part: TypedExpression) {
  if (part.kind !== 'call' || part.name !== '=') return null;
  const [left, right] = part.arguments;
  if (left === undefined || right === undefined) return null;
  return { left, right, collation: part.collation };
}

/** The column that `part` says to be equal to the current one, or null. */
function equalColumn(part: TypedExpression, isColumn: (part: TypedExpression) => boolean) {
  const sides = equalSides(part);
  if (sides === null) return null;
  const { left, right } = sides;
  if (isColumn(left) && right.kind === 'column') return right;
  return isColumn(right) && left.kind === 'column' ? left : null;
}

/** True when the parts say that the two columns are equal, and equal values hash alike. */
export function areEqualColumns(
  one: ColumnExpression,
  other: ColumnExpression,
  parts: readonly TypedExpression[],
): boolean {
  return equalColumns(one, parts).some((isEqual) => isEqual(other));
}
