// Arguments of JSON functions: documents, which are parsed, and values, which are not.

import { typeText } from '#shared/sql/type-text.ts';
import type { ResolveScope } from '#aggregator/planner/resolve-scope.ts';
import type { TypedExpression } from '#aggregator/planner/typed-expression.ts';
import {
  BIGINT,
  JSON_TYPE,
  call,
  constant,
  nullConstant,
  nullableCall,
  textConstant,
  type CallExpression,
} from './build.ts';
import { asText } from './convert.ts';

/** The type of TRUE and FALSE, by which JSON functions know them from 1 and 0. */
export const BOOLEAN_LITERAL = { ...BIGINT, boolean: true };

const PREDICATE_KINDS: readonly TypedExpression['kind'][] = [
  'and',
  'or',
  'in',
  'inQuery',
  'exists',
];

const PREDICATE_CALLS: readonly CallExpression['name'][] = [
  '=',
  '<=>',
  '<>',
  '<',
  '<=',
  '>',
  '>=',
  'not',
  'xor',
  'tl_like',
  'tl_regexp_like',
  'is null',
  'is not null',
];

/** A JSON document: text is parsed, and must be JSON. */
export function asJsonDocument(part: TypedExpression, scope: ResolveScope): TypedExpression {
  if (part.type.kind === 'json') return part;
  if (part.type.kind === 'null') return nullConstant(JSON_TYPE);
  return nullableCall('tl_json', [asText(part, scope)], JSON_TYPE);
}

/** A SQL value as JSON: text becomes a JSON string. */
export function asJsonValue(part: TypedExpression): TypedExpression {
  if (part.type.kind === 'json') return part;
  if (part.type.kind === 'null') return constant('null', JSON_TYPE);
  if (isTruth(part)) return truthAsJson(part);
  const json = call('tl_to_json', [part, textConstant(typeText(part.type))], JSON_TYPE);
  if (!part.nullable) return json;
  return call('coalesce', [json, constant('null', JSON_TYPE)], JSON_TYPE, { nullable: false });
}

function isTruth(part: TypedExpression): boolean {
  if (part.kind === 'constant')
    return 'boolean' in part.type && part.type.kind === 'integer' && part.type.bits === 64;
  if (part.kind === 'call') return PREDICATE_CALLS.includes(part.name);
  return PREDICATE_KINDS.includes(part.kind);
}

function truthAsJson(part: TypedExpression): TypedExpression {
  const json = (text: string) => constant(text, JSON_TYPE);
  return {
    kind: 'case',
    branches: [
      { when: part, then: json('true') },
      { when: call('not', [part], BIGINT), then: json('false') },
    ],
    otherwise: json('null'),
    type: JSON_TYPE,
    nullable: false,
  };
}
