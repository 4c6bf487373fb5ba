// Puts the literals that the fingerprint left out into the syntax, so that resolving knows them.

import type { Expression, Statement } from '#aggregator/parser/ast.ts';
import type { Fingerprint } from '#aggregator/parser/fingerprint.ts';
import type { SlotTrace } from '#aggregator/planner/literal-slot.ts';
import { mapSyntax } from '#aggregator/planner/map-syntax.ts';
import type { TracedLiteral } from '#aggregator/planner/resolve-scope.ts';
import { must } from '#shared/assert.ts';
import type { SourceValue } from '#shared/sql/source-value.ts';

type Literal = Extract<Expression, { kind: 'integer' | 'decimal' | 'double' } | { kind: 'string' }>;

export interface TracedSyntax {
  readonly statement: Statement;
  /** The traced literals, by the node that stands for each in the statement. */
  readonly literals: ReadonlyMap<Expression, TracedLiteral>;
}

export interface TracedParts {
  readonly fingerprint: Fingerprint;
  readonly values: readonly SourceValue[];
  readonly trace: SlotTrace;
}

/**
 * The statement with nodes in place of its literals whose text is noted when it is looked at. A
 * literal that is no node by itself (a type's length, an alias, a part of a longer string) is
 * noted at once, and so is one that names a column of the result by its own text.
 */
export function traceSyntax(statement: Statement, parts: TracedParts): TracedSyntax {
  const { fingerprint, values, trace } = parts;
  const indexes = new Map<number, number>();
  fingerprint.literals.forEach(({ start }, index) => indexes.set(start, index));
  const literals = new Map<Expression, TracedLiteral>();
  const found = new Set<number>();
  const traced = mapSyntax(statement, (node) => {
    if (isHeader(node)) noteWithin(parts, node['at'], node['text']);
    const literal: object = node;
    if (!isLiteral(literal)) return null;
    const index = indexes.get(literal.at);
    if (index === undefined) return null;
    const slot = must(trace.slot(index));
    if (!isSame(literal, must(values[index]), fingerprint.literals[index]?.kind)) return null;
    found.add(index);
    const stand = tracedNode(literal, () => void slot.note());
    literals.set(stand, { slot, written: literal });
    return stand;
  });
  fingerprint.literals.forEach(({ kind }, index) => {
    if (kind !== 'parameter' && !found.has(index)) trace.note(index);
  });
  return { statement: traced, literals };
}

/** A number, or a string in the connection's own character set. */
function isLiteral(node: object): node is Literal {
  if (!('kind' in node) || !('at' in node)) return false;
  switch (node.kind) {
    case 'integer':
    case 'decimal':
    case 'double':
      return 'text' in node && typeof node.text === 'string';
    case 'string':
      return 'charset' in node && node.charset === null;
    default:
      return false;
  }
}

/** Strings that follow each other are one node: it is none of them. */
function isSame(literal: Literal, value: SourceValue, kind: string | undefined): boolean {
  if (literal.kind !== kind) return false;
  return literal.kind !== 'string' || literal.value === value.value;
}

function tracedNode(literal: Literal, note: () => void): Expression {
  const { at } = literal;
  if (literal.kind === 'string') {
    const { value } = literal;
    return {
      kind: 'string',
      at,
      charset: null,
      get value() {
        note();
        return value;
      },
    };
  }
  const { kind, text } = literal;
  return {
    kind,
    at,
    get text() {
      note();
      return text;
    },
  };
}

/** A select item without an alias: its column is called as it is written. */
function isHeader(
  node: Readonly<Record<string, unknown>>,
): node is Readonly<Record<string, unknown>> & { readonly at: number; readonly text: string } {
  return (
    node['kind'] === 'expression' &&
    node['alias'] === null &&
    typeof node['at'] === 'number' &&
    typeof node['text'] === 'string'
  );
}

function noteWithin({ fingerprint, trace }: TracedParts, from: number, text: string): void {
  const to = from + text.length;
  fingerprint.literals.forEach(({ start, kind }, index) => {
    if (kind !== 'parameter' && start >= from && start < to) trace.note(index);
  });
}
