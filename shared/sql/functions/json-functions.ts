// SQLite functions of JSON. A document is TEXT; `json` arguments are JSON texts of any value.

import { databaseError } from '#shared/error.ts';
import type { StoredValue } from '#shared/sql/column-type.ts';
import {
  changeAt,
  insertBefore,
  jsonContains,
  jsonOverlaps,
  mergePatch,
  mergePreserve,
  removeAt,
  updateAt,
  type ChangeMode,
} from '#shared/sql/json-change.ts';
import { toJsonValue } from '#shared/sql/json-of-value.ts';
import {
  isMultiple,
  locate,
  parseJsonPath,
  pathText,
  select,
  type JsonPath,
} from '#shared/sql/json-path.ts';
import { unquoteJson } from '#shared/sql/json-text.ts';
import {
  isJsonArray,
  isJsonObject,
  jsonObject,
  jsonString,
  jsonText,
  parseJson,
  tryParseJson,
  type JsonValue,
} from '#shared/sql/json-value.ts';
import { likeTest } from '#shared/sql/like-pattern.ts';
import type { TypeTextReader } from '#shared/sql/type-text.ts';
import { jsonDepth, jsonLength, jsonPretty, jsonSortKey, jsonType } from './json-measure.ts';
import { scalar, strict, type SqlFunction } from './sql-function.ts';

export function jsonFunctions(types: TypeTextReader): readonly SqlFunction[] {
  return [
    /** tl_to_json(value, type): the JSON of an SQL value; of NULL it is null. */
    scalar('tl_to_json', (value: StoredValue, type: string) =>
      value === null ? 'null' : jsonText(toJsonValue({ type: types.read(type), value })),
    ),
    ...readFunctions,
    ...changeFunctions,
  ];
}

const readFunctions: readonly SqlFunction[] = [
  /** tl_json(text): parsed and normalised; error 3140. */
  strict('tl_json', (text: string) => jsonText(parseJson(text))),
  strict('tl_json_valid', (text: StoredValue) =>
    typeof text === 'string' && tryParseJson(text) !== undefined ? 1n : 0n,
  ),
  /** tl_json_extract(document, path, …): the value of one plain path, else an array. */
  strict('tl_json_extract', (document: string, ...paths: string[]) => {
    const parsed = paths.map(parseJsonPath);
    const root = parseJson(document);
    const found = parsed.flatMap((path) => select(root, path));
    const [first] = found;
    if (first === undefined) return null;
    return jsonText(paths.length === 1 && !parsed.some(isMultiple) ? first : found);
  }),
  strict('tl_json_unquote', (json: StoredValue) => unquoteJson(String(json))),
  strict('tl_json_quote', (text: string) => jsonString(text)),
  /** tl_json_contains(document, candidate [, path]): 1, 0, or NULL when the path leads nowhere. */
  strict('tl_json_contains', (document: string, candidate: string, path?: string) => {
    const target = at(document, path);
    return target === undefined ? null : flag(jsonContains(target, parseJson(candidate)));
  }),
  strict('tl_json_contains_path', (document: string, mode: string, ...paths: string[]) => {
    const root = parseJson(document);
    const has = (path: string) => select(root, parseJsonPath(path)).length > 0;
    return flag(isAll(mode, 'json_contains_path') ? paths.every(has) : paths.some(has));
  }),
  strict('tl_json_keys', (document: string, path?: string) => {
    const value = at(document, path);
    return value === undefined || !isJsonObject(value) ? null : jsonText([...value.keys()]);
  }),
  strict('tl_json_length', (document: string, path?: string) => {
    const value = at(document, path);
    return value === undefined ? null : BigInt(jsonLength(value));
  }),
  strict('tl_json_depth', (document: string) => BigInt(jsonDepth(parseJson(document)))),
  strict('tl_json_type', (document: string) => jsonType(parseJson(document))),
  strict('tl_json_pretty', (document: string) => jsonPretty(parseJson(document), '')),
  strict('tl_json_overlaps', (a: string, b: string) =>
    flag(jsonOverlaps(parseJson(a), parseJson(b))),
  ),
  /** tl_member_of(json, document): whether the array holds the value. */
  strict('tl_member_of', (json: string, document: string) => {
    const target = parseJson(document);
    const value = parseJson(json);
    const items = isJsonArray(target) ? target : [target];
    return flag(items.some((item) => jsonContains([item], [value])));
  }),
  /** tl_json_compare_key(document): a text that sorts as the documents do. */
  strict('tl_json_compare_key', (document: string) => jsonSortKey(parseJson(document))),
  /** tl_json_search(document, 'one' | 'all', pattern, escape, path, …): a path, or an array. */
  strict(
    'tl_json_search',
    (document: string, mode: string, pattern: string, ...[escape, ...paths]: string[]) => {
      const all = isAll(mode, 'json_search');
      const test = likeTest(
        pattern,
        escape === undefined || escape === '' ? '\\' : escape,
        'utf8mb4_bin',
      );
      const root = parseJson(document);
      const starts: readonly JsonPath[] = paths.length === 0 ? [[]] : paths.map(parseJsonPath);
      const found = starts
        .flatMap((path) => locate(root, [...path, { kind: 'anyDepth' }]))
        .filter(({ value }) => typeof value === 'string' && test(value))
        .map(({ path }) => pathText(path));
      const unique = [...new Set(found)];
      const [first] = unique;
      if (first === undefined) return null;
      return jsonText(all && unique.length > 1 ? unique : first);
    },
  ),
];

const changeFunctions: readonly SqlFunction[] = [
  /** tl_json_array(json, …), tl_json_object(key, json, …). */
  scalar('tl_json_array', (...items: string[]) => jsonText(items.map(parseJson))),
  scalar('tl_json_object', (...parts: (string | null)[]) => {
    const entries = pairs(parts).map(([key, json]) => {
      if (key === null) throw databaseError('jsonNullKey', {});
      return [key, json === null ? null : parseJson(json)] as const;
    });
    return jsonText(jsonObject(entries));
  }),
  /** tl_json_set(document, path, json, …), tl_json_insert, tl_json_replace. */
  change('tl_json_set', 'set'),
  change('tl_json_insert', 'insert'),
  change('tl_json_replace', 'replace'),
  strict('tl_json_remove', (document: string, ...paths: string[]) =>
    jsonText(paths.reduce((value, path) => removeAt(value, single(path)), parseJson(document))),
  ),
  /** tl_json_array_append(document, path, json, …), tl_json_array_insert alike. */
  edit('tl_json_array_append', (root, path, value) =>
    updateAt(root, path, (found) => (isJsonArray(found) ? [...found, value] : [found, value])),
  ),
  edit('tl_json_array_insert', insertBefore),
  strict('tl_json_merge_patch', (...documents: string[]) =>
    jsonText(documents.map(parseJson).reduce(mergePatch)),
  ),
  strict('tl_json_merge_preserve', (...documents: string[]) =>
    jsonText(documents.map(parseJson).reduce(mergePreserve)),
  ),
];

function change(name: string, mode: ChangeMode): SqlFunction {
  return edit(name, (root, path, value) => changeAt(root, path, value, mode));
}

function edit(
  name: string,
  action: (root: JsonValue, path: JsonPath, value: JsonValue) => JsonValue,
): SqlFunction {
  return strict(name, (document: string, ...parts: string[]) => {
    const root = pairs(parts).reduce(
      (value, [path, json]) => action(value, single(path), parseJson(json)),
      parseJson(document),
    );
    return jsonText(root);
  });
}

function pairs<T>(parts: readonly T[]): (readonly [T, T])[] {
  const found: (readonly [T, T])[] = [];
  for (let i = 0; i + 1 < parts.length; i += 2) found.push([parts[i] as T, parts[i + 1] as T]);
  return found;
}

/** A path that names one place. */
function single(text: string): JsonPath {
  const path = parseJsonPath(text);
  if (isMultiple(path)) throw databaseError('jsonPathWildcard', {});
  return path;
}

function at(document: string, path: string | undefined): JsonValue | undefined {
  const root = parseJson(document);
  return path === undefined ? root : select(root, single(path))[0];
}

function isAll(mode: string, name: string): boolean {
  const lower = mode.toLowerCase();
  if (lower !== 'one' && lower !== 'all') throw databaseError('jsonOneOrAll', { name });
  return lower === 'all';
}

function flag(value: boolean): bigint {
  return value ? 1n : 0n;
}
