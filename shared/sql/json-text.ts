// A JSON text taken out of its quotes.

import { isJsonArray, isJsonObject, parseJson } from './json-value.ts';

/** JSON_UNQUOTE: a JSON string without its quotes and escapes; any other text as it is. */
export function unquoteJson(text: string): string {
  if (!(text.length >= 2 && text.startsWith('"') && text.endsWith('"'))) return text;
  const value = parseJson(text);
  return value === null || isJsonArray(value) || isJsonObject(value) ? text : String(value);
}
