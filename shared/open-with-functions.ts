// Opens SQLite files for MySQL's statements: with our SQL functions.
//
// Apart from sqlite-file.ts, since a thread that needs none of them is half as large without.

import { functionLibrary } from './sql/functions/library.ts';
import { SqliteFile, type OpenOptions } from './sqlite-file.ts';

/** Opens (or creates) the file, as `SqliteFile.open` does, with all functions known there. */
export function openWithFunctions(
  path: string,
  options: Omit<OpenOptions, 'functions'> = {},
): SqliteFile {
  return SqliteFile.open(path, { ...options, functions: functionLibrary() });
}
