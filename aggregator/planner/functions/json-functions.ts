// MySQL's JSON functions.

import {
  BIGINT,
  JSON_TYPE,
  call,
  isNullConstant,
  nullConstant,
  textConstant,
  varchar,
} from './build.ts';
import { asText } from './convert.ts';
import {
  argument,
  bring,
  direct,
  special,
  type FunctionFamily,
  type Parts,
} from './function-definition.ts';
import { asJsonValue } from './json-argument.ts';
import { nullableCall } from './build.ts';
import type { ResolveScope } from '#aggregator/planner/resolve-scope.ts';
import type { TypedExpression } from '#aggregator/planner/typed-expression.ts';

const TEXT = varchar(Number.MAX_SAFE_INTEGER, 'utf8mb4_bin');

/** JSON_EXTRACT and `->`. */
export function jsonExtract(parts: Parts, scope: ResolveScope): TypedExpression {
  return direct('tl_json_extract', 'jt*', JSON_TYPE).resolve(parts, scope);
}

/** JSON_UNQUOTE and the outer half of `->>`. */
export function jsonUnquote(part: TypedExpression, scope: ResolveScope): TypedExpression {
  return nullableCall('tl_json_unquote', [asText(part, scope)], TEXT);
}

/** doc, path, value, path, value, …. */
function changes(name: string): FunctionFamily[string] {
  return special(3, Infinity, (parts, scope) => {
    const all = parts.map((part, i) =>
      i === 0 ? bring(part, 'j', scope) : i % 2 === 1 ? asText(part, scope) : asJsonValue(part),
    );
    return nullableCall(name, all, JSON_TYPE);
  });
}

const mergePreserve = direct('tl_json_merge_preserve', 'jj*', JSON_TYPE);

export const jsonFunctions: FunctionFamily = {
  json_extract: special(2, Infinity, jsonExtract),
  json_unquote: special(1, 1, (parts, scope) => jsonUnquote(argument(parts, 0), scope)),
  /** A scalar as text; NULL for null, for arrays and for objects. */
  json_value: special(2, 2, (parts, scope) => {
    const found = jsonExtract(parts, scope);
    if (isNullConstant(found)) return nullConstant(varchar(512));
    const operand = call('tl_json_type', [found], varchar(51));
    const list = ['ARRAY', 'OBJECT', 'NULL'].map((name) => textConstant(name));
    const when = {
      kind: 'in',
      operand,
      list,
      negated: false,
      type: BIGINT,
      nullable: true,
    } as const;
    return {
      ...{ kind: 'case', branches: [{ when, then: nullConstant(TEXT) }] },
      ...{ otherwise: jsonUnquote(found, scope), type: varchar(512), nullable: true },
    };
  }),
  json_object: special(0, Infinity, (parts, scope) => {
    const all = parts.map((part, i) => (i % 2 === 0 ? asText(part, scope) : asJsonValue(part)));
    return call('tl_json_object', all, JSON_TYPE, { nullable: false });
  }),
  json_array: special(0, Infinity, (parts) =>
    call('tl_json_array', parts.map(asJsonValue), JSON_TYPE, { nullable: false }),
  ),
  json_set: changes('tl_json_set'),
  json_insert: changes('tl_json_insert'),
  json_replace: changes('tl_json_replace'),
  json_array_append: changes('tl_json_array_append'),
  json_array_insert: changes('tl_json_array_insert'),
  json_remove: direct('tl_json_remove', 'jt*', JSON_TYPE),
  json_contains: direct('tl_json_contains', 'jj?t', BIGINT),
  json_contains_path: direct('tl_json_contains_path', 'jtt*', BIGINT),
  json_overlaps: direct('tl_json_overlaps', 'jj', BIGINT),
  json_keys: direct('tl_json_keys', 'j?t', JSON_TYPE),
  json_length: direct('tl_json_length', 'j?t', BIGINT),
  json_depth: direct('tl_json_depth', 'j', BIGINT),
  json_type: direct('tl_json_type', 'j', varchar(51)),
  json_valid: special(1, 1, (parts, scope) => {
    const part = argument(parts, 0);
    if (part.type.kind === 'json') return call('is not null', [part], BIGINT, { nullable: false });
    return nullableCall('tl_json_valid', [asText(part, scope)], BIGINT);
  }),
  json_search: special(3, Infinity, (parts, scope) => {
    const [document, mode, pattern, escape, ...paths] = parts;
    const texts = [mode, pattern, escape ?? textConstant('\\'), ...paths];
    const all = texts.map((part) => asText(part ?? textConstant(''), scope));
    return nullableCall(
      'tl_json_search',
      [bring(document ?? textConstant(''), 'j', scope), ...all],
      JSON_TYPE,
    );
  }),
  json_merge: mergePreserve,
  json_merge_preserve: mergePreserve,
  json_merge_patch: direct('tl_json_merge_patch', 'jj*', JSON_TYPE),
  json_quote: direct('tl_json_quote', 't', TEXT),
  json_pretty: direct('tl_json_pretty', 'j', TEXT),
};
