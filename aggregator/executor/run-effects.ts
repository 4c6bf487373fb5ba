// Carries out what an expression does besides answering: SLEEP(), GET_LOCK() and their like, once
// each, from left to right, and only where MySQL would come by.

import { must } from '#shared/assert.ts';
import type { StoredValue } from '#shared/sql/column-type.ts';
import { constant, integerConstant, nullConstant } from '#aggregator/planner/functions/build.ts';
import {
  containsEffect,
  effectOf,
  type EffectName,
} from '#aggregator/planner/functions/effect-functions.ts';
import type { TypedExpression } from '#aggregator/planner/typed-expression.ts';
import { childrenOf, mapExpression } from '#aggregator/planner/walk-expression.ts';
import { databaseError } from '#shared/error.ts';
import { evaluateExpressions } from './evaluate.ts';
import type { Execution } from './execution.ts';
import { isRealType, rowToBind } from './statement-values.ts';

type Operation = Extract<TypedExpression, { kind: 'call' }>;
type Constant = Extract<TypedExpression, { kind: 'constant' }>;

/** Does it, for constants, and answers its value. */
export type Perform = (name: EffectName, parts: readonly Constant[]) => Promise<StoredValue>;

/** The effects of one statement. */
export class EffectRun {
  readonly #execution: Execution;
  readonly #perform: Perform;
  /** What resolving has put in two places is done once. */
  readonly #done = new Map<TypedExpression, Constant>();

  constructor(execution: Execution, perform: Perform) {
    this.#execution = execution;
    this.#perform = perform;
  }

  /** The value of an expression without columns and queries. */
  async value(expression: TypedExpression): Promise<Constant> {
    return this.#evaluated(await this.#settled(expression));
  }

  #evaluated(expression: TypedExpression): Constant {
    const [found] = evaluateExpressions(this.#execution, [expression]);
    const { type, value } = must(found);
    return constant(must(rowToBind([value], [isRealType(type)]))[0] ?? null, type);
  }

  /** The expression with its effects done, and their values in their places. */
  async #settled(expression: TypedExpression): Promise<TypedExpression> {
    if (!containsEffect(expression)) return expression;
    switch (expression.kind) {
      case 'and':
      case 'or':
        return await this.#settledOperands(expression);
      case 'case':
        return await this.#settledCase(expression);
      case 'in':
        if (!expression.list.some(containsEffect)) return await this.#settledParts(expression);
        throw databaseError('unsupported', { what: 'a function that waits within an IN list' });
      case 'call': {
        const name = effectOf(expression);
        if (name !== null) return await this.#performed(name, expression);
        if (expression.name === 'coalesce') return await this.#firstOf(expression);
        return await this.#settledParts(expression);
      }
      default:
        return await this.#settledParts(expression);
    }
  }

  async #performed(name: EffectName, call: Operation): Promise<Constant> {
    const before = this.#done.get(call);
    if (before !== undefined) return before;
    const parts: Constant[] = [];
    for (const part of call.arguments) parts.push(await this.value(part));
    const done = constant(await this.#perform(name, parts), call.type);
    this.#done.set(call, done);
    return done;
  }

  async #settledParts(expression: TypedExpression): Promise<TypedExpression> {
    const settled = new Map<TypedExpression, TypedExpression>();
    for (const part of childrenOf(expression)) settled.set(part, await this.#settled(part));
    return mapExpression(expression, (part) => settled.get(part) ?? null);
  }

  /** AND is over with the first that is false, OR with the first that is true. */
  async #settledOperands(
    expression: Extract<TypedExpression, { kind: 'and' | 'or' }>,
  ): Promise<TypedExpression> {
    const operands: TypedExpression[] = [];
    for (const operand of expression.operands) {
      const known = await this.value(operand);
      if (known.value !== null && isTrue(known) === (expression.kind === 'or')) {
        return integerConstant(expression.kind === 'or' ? 1 : 0);
      }
      operands.push(known);
    }
    return { ...expression, operands };
  }

  async #settledCase({
    branches,
    otherwise,
    type,
  }: Extract<TypedExpression, { kind: 'case' }>): Promise<TypedExpression> {
    for (const { when, then } of branches) {
      if (isTrue(await this.value(when))) return await this.#settled(then);
    }
    return otherwise === null ? nullConstant(type) : await this.#settled(otherwise);
  }

  async #firstOf({ arguments: parts, type }: Operation): Promise<TypedExpression> {
    for (const part of parts) {
      const known = await this.value(part);
      if (known.value !== null) return known;
    }
    return nullConstant(type);
  }
}

function isTrue({ value }: Constant): boolean {
  return value !== null && Number(value) !== 0;
}
