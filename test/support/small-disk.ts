// A disk of a few megabytes that a test can fill: a tmpfs, where this process may mount one.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { temporaryDirectory } from './temporary-directory.ts';

/** Can this process mount a file system? */
function canMount(): boolean {
  const path = mkdtempSync(join(tmpdir(), 'twinleaf-mount-'));
  try {
    mount(path, 1);
    unmount(path);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(path, { recursive: true, force: true });
  }
}

function mount(path: string, megabytes: number): void {
  const options = ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', path];
  execFileSync('mount', options, { stdio: 'ignore' });
}

function unmount(path: string): void {
  execFileSync('umount', ['-l', path], { stdio: 'ignore' });
}

/** A test that needs a disk of its own; skipped by name where none can be mounted. */
export const smallDiskTest = canMount() ? test : test.skip;

/** A mounted disk; gone when the test ends. */
export class SmallDisk {
  readonly path: string;

  constructor(t: ExecutionContext<unknown>, megabytes: number) {
    this.path = temporaryDirectory(t);
    mount(this.path, megabytes);
    t.teardown(() => unmount(this.path));
  }

  get #ballast(): string {
    return join(this.path, 'ballast');
  }

  /** Leaves so many bytes free, rounded to pages. */
  fillUpTo(freeBytes: number): void {
    const { bavail, bsize } = statfsSync(this.path);
    writeFileSync(this.#ballast, Buffer.alloc(Math.max(0, bavail * bsize - freeBytes)));
  }

  /** Gives the room back. */
  free(): void {
    truncateSync(this.#ballast);
  }
}
