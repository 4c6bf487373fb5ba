// Is a SQLite file sound? What SQLite itself can tell, and where it stops.
//
// SQLite keeps no checksums: a check finds pages, cells and indexes that contradict each other,
// and not a value that another took the place of within its cell. `quick` leaves the comparison
// of indexes with their tables out, which costs a tenth of the time.

import { existsSync } from 'node:fs';
import { SqliteError } from '#shared/sqlite-error.ts';
import { openWithFunctions } from '#shared/open-with-functions.ts';
import type { SqliteFile } from '#shared/sqlite-file.ts';

/** What is wrong with the file at `path`, as the end of a sentence; '' when it is sound. */
export function checkFile(path: string, depth: 'quick' | 'full'): string {
  if (!existsSync(path)) return 'its file data.sqlite is missing';
  let file: SqliteFile | null = null;
  try {
    file = openWithFunctions(path, { readOnly: true });
    const check = depth === 'quick' ? 'quick_check' : 'integrity_check';
    const [first] = file.get(`PRAGMA ${check}(1)`) ?? [];
    return first === 'ok' ? '' : `its file data.sqlite is damaged: ${oneLine(String(first))}`;
  } catch (error) {
    if (!(error instanceof SqliteError) || error.failure.kind !== 'corrupt') throw error;
    return `its file data.sqlite is damaged: ${error.message}`;
  } finally {
    file?.close();
  }
}

/** SQLite's report begins with a line of its own. */
function oneLine(report: string): string {
  return report.replace(/^\*\*\*[^\n]*\n/, '').replaceAll('\n', '; ');
}
