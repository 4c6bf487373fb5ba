// What the machine is that measures: cores, kernel, file system, and what a sync of it costs.

import { spawnSync } from 'node:child_process';
import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { scratchDirectory } from './scratch.ts';
import { median, quantile } from './statistics.ts';

const SYNCS = 200;
const SYNC_BYTES = 512;
const BYTES_PER_GIB = 2 ** 30;

export interface Machine {
  readonly cores: number;
  readonly processor: string;
  readonly memoryGiB: number;
  readonly kernel: string;
  readonly fileSystem: string;
  /** Microseconds of appending 512 bytes and fdatasync. */
  readonly syncMicroseconds: { readonly p50: number; readonly p99: number };
  /** Processes that wanted to run, on average over the last minute, before the run. */
  readonly load: number;
}

export function describeMachine(): Machine {
  const directory = scratchDirectory('machine');
  try {
    return {
      cores: cpus().length,
      processor: cpus()[0]?.model.trim() ?? 'unknown',
      memoryGiB: Math.round(totalmem() / BYTES_PER_GIB),
      kernel: release(),
      fileSystem: fileSystemOf(directory.path),
      syncMicroseconds: measureSync(directory.path),
      load: loadavg()[0] ?? NaN,
    };
  } finally {
    directory.remove();
  }
}

/** One line about the machine. */
export function machineLine(machine: Machine): string {
  const { p50, p99 } = machine.syncMicroseconds;
  return (
    `${machine.cores} cores (${machine.processor}), ${machine.memoryGiB} GiB, ` +
    `Linux ${machine.kernel}, ${machine.fileSystem}; append and fdatasync ` +
    `${p50.toFixed(0)} µs (p99 ${p99.toFixed(0)}); load before the run ${machine.load.toFixed(1)}`
  );
}

function fileSystemOf(path: string): string {
  const { stdout } = spawnSync('stat', ['-f', '-c', '%T', path], { encoding: 'utf8' });
  return stdout?.trim() || 'unknown file system';
}

function measureSync(directory: string): { p50: number; p99: number } {
  const descriptor = openSync(join(directory, 'sync'), 'w');
  const bytes = new Uint8Array(SYNC_BYTES);
  const times: number[] = [];
  for (let index = 0; index < SYNCS; index++) {
    const started = performance.now();
    writeSync(descriptor, bytes);
    fdatasyncSync(descriptor);
    times.push((performance.now() - started) * 1000);
  }
  closeSync(descriptor);
  return { p50: median(times), p99: quantile(times, 0.99) };
}

/** Is the program of this name, or at this path, there? */
export function hasProgram(program: string): boolean {
  return spawnSync('which', [program]).status === 0;
}
