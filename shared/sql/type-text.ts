// A column type as text, by which SQLite functions are told the types of their arguments.

import { LruCache } from './lru-cache.ts';
import type { ColumnType } from './column-type.ts';

/** The type as text: two equal types may have different texts, never the other way round. */
export function typeText(type: ColumnType): string {
  return JSON.stringify(type);
}

/** Reads type texts, each once: a function call must not cost a parse. */
export class TypeTextReader {
  #types = new LruCache<string, ColumnType>(TYPES_MAX);

  /** The type whose text this is. */
  read(text: string): ColumnType {
    return this.#types.get(text, () => JSON.parse(text) as ColumnType);
  }
}

/** Types that one reader keeps. */
const TYPES_MAX = 1024;
