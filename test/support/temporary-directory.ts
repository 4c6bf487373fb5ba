// A directory of a test's own, gone when the test is.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';

/** Makes an empty directory; it is removed when the test ends. */
export function temporaryDirectory(t: ExecutionContext<unknown>): string {
  const path = mkdtempSync(join(tmpdir(), 'twinleaf-test-'));
  t.teardown(() => rmSync(path, { recursive: true, force: true }));
  return path;
}
