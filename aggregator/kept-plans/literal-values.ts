// The literals and parameters of one run as values, and what of their types a plan is found by.

import type { LexerOptions } from '#aggregator/parser/lexer.ts';
import {
  stringValue,
  type Fingerprint,
  type ScannedLiteral,
} from '#aggregator/parser/fingerprint.ts';
import { BIGINT, varchar } from '#aggregator/planner/functions/build.ts';
import { decimalLiteral, doubleLiteral } from '#aggregator/planner/resolve-literal.ts';
import type { Collation, ColumnType } from '#shared/sql/column-type.ts';
import type { SourceValue } from '#shared/sql/source-value.ts';
import { typeText } from '#shared/sql/type-text.ts';

export interface LiteralReading {
  readonly text: string;
  readonly fingerprint: Fingerprint;
  readonly options: LexerOptions;
  /** Of the connection: what literal strings have. */
  readonly collation: Collation;
  /** The values of the `?`, in order. */
  readonly parameters: readonly SourceValue[];
}

/** The values in the order of the text; null where a `?` has none. Throws illegalDouble. */
export function literalValues(reading: LiteralReading): readonly SourceValue[] | null {
  const { fingerprint, parameters } = reading;
  let next = 0;
  const values: SourceValue[] = [];
  for (const literal of fingerprint.literals) {
    if (literal.kind === 'parameter') {
      const value = parameters[next];
      if (value === undefined) return null;
      next += 1;
      values.push(value);
    } else {
      values.push(literalValue(reading, literal));
    }
  }
  return values;
}

function literalValue(reading: LiteralReading, literal: ScannedLiteral): SourceValue {
  const { text, options, collation } = reading;
  switch (literal.kind) {
    case 'integer':
      return { type: BIGINT, value: BigInt(text.slice(literal.start, literal.end)) };
    case 'decimal': {
      const { type, value } = decimalLiteral(text.slice(literal.start, literal.end));
      return { type, value };
    }
    case 'double': {
      const { type, value } = doubleLiteral(text.slice(literal.start, literal.end));
      return { type, value };
    }
    default: {
      const value = stringValue(text, literal, options);
      return { type: varchar(value.length, collation), value };
    }
  }
}

/** What of the parameters' types a plan is found by: all but the lengths of texts. */
export function parameterMarks(parameters: readonly SourceValue[]): string {
  let marks = '';
  for (const { type } of parameters) marks += `${mark(type)},`;
  return marks;
}

function mark(type: ColumnType): string {
  switch (type.kind) {
    case 'string':
      return `${type.form} ${type.collation}`;
    case 'binary':
      return type.form;
    case 'integer':
      return `i${type.bits}${type.unsigned ? 'u' : ''}`;
    default:
      return typeText(type);
  }
}
