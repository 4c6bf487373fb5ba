// Directories of a run's own.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface ScratchDirectory {
  readonly path: string;
  remove(): void;
}

/** Gone at `remove`, or when this process ends. */
export function scratchDirectory(name: string): ScratchDirectory {
  const path = mkdtempSync(join(tmpdir(), `twinleaf-bench-${name}-`));
  const clear = (): void => rmSync(path, { recursive: true, force: true });
  process.once('exit', clear);
  return {
    path,
    remove() {
      process.off('exit', clear);
      clear();
    },
  };
}
