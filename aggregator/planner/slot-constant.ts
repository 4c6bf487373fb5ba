// Constants of a kept plan, whose values each run brings: made, and computed with.

import type { ColumnType, StoredValue } from '#shared/sql/column-type.ts';
import type { ConstantExpression } from './functions/build.ts';
import type { LiteralSlot } from './literal-slot.ts';

/** A constant whose value each run brings. The slot stays behind where the constant is copied. */
export function slotConstant(slot: LiteralSlot, type: ColumnType): ConstantExpression {
  const constant: ConstantExpression = {
    kind: 'constant',
    type,
    nullable: false,
    get value() {
      return slot.note();
    },
  };
  return Object.defineProperty(constant, 'slot', { value: slot });
}

/** A string type whose length is the literal's: to ask for it is to look at the literal. */
export function slotType(type: ColumnType, slot: LiteralSlot): ColumnType {
  if (type.kind !== 'string' && type.kind !== 'binary') return type;
  const { length } = type;
  return {
    ...type,
    get length() {
      slot.note();
      return length;
    },
  };
}

/** `compute` of a constant's value, as a constant of `type`; never NULL of what is not. */
export function derivedConstant(
  source: ConstantExpression,
  type: ColumnType,
  compute: (value: StoredValue) => StoredValue,
): ConstantExpression {
  if (source.slot !== undefined) return slotConstant(source.slot.derive(compute), type);
  const value = compute(source.value);
  return { kind: 'constant', value, type, nullable: value === null };
}

/** `judge` of a constant's value: a plan that is kept holds for values judged alike. */
export function judged<T extends string | number | boolean | null>(
  source: ConstantExpression,
  judge: (value: StoredValue) => T,
): T {
  return source.slot === undefined ? judge(source.value) : source.slot.holdTo(judge);
}
