// Tests that kill a process at a named place, and open what it leaves.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ExecutionContext, TestFn } from 'ava';
import { Partition } from '#leaf/partition/partition.ts';
import { verifyPartition } from '#leaf/partition/verify-partition.ts';
import { temporaryDirectory } from '#test/support/temporary-directory.ts';
import { testEnvironment, testPlace } from '#test/support/test-partition.ts';

const child = fileURLToPath(new URL('./place-child.ts', import.meta.url));

/** So many children at a time. */
let free = 3;
const queue: (() => void)[] = [];

async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (free === 0) await new Promise<void>((resolve) => queue.push(resolve));
  else free -= 1;
  try {
    return await work();
  } finally {
    const next = queue.shift();
    if (next === undefined) free += 1;
    else next();
  }
}

/** Runs the child until its place kills it; answers the ids that it had acknowledged. */
export async function crash(root: string, work: string, place: string): Promise<number[]> {
  const process_ = spawn(process.execPath, [child, root, work, place], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [output, errors] = ['', ''];
  process_.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  process_.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const [, signal] = (await once(process_, 'close')) as [number | null, string | null];
  if (signal !== 'SIGKILL') throw new Error(`it was not killed at ${place}: ${errors}`);
  return output.split('\n').filter(Boolean).map(Number);
}

/** The partition there, which must be whole. */
export async function openAgain(directory: string): Promise<Partition> {
  const partition = await Partition.open(testPlace(directory), testEnvironment());
  if (partition.failure !== null) throw partition.failure;
  return partition;
}

/** Closes it, and compares its file with what its log leads to. */
export async function closeWhole(t: ExecutionContext, partition: Partition, directory: string) {
  await partition.close();
  const scratch = join(dirname(directory), 'rebuilt.sqlite');
  const { fault } = await verifyPartition(directory, { depth: 'full', scratch });
  t.is(fault, '');
}

/** Where a test finds what the process had. */
export interface CrashPlace {
  readonly root: string;
  /** Of the partition. */
  readonly directory: string;
}

/** A test that waits for its turn: few children run at a time. */
export function crashTest(
  test: TestFn,
  title: string,
  body: (t: ExecutionContext, at: CrashPlace) => Promise<void>,
): void {
  test(title, async (t) => {
    // It waits for its turn as well.
    t.timeout(600_000);
    const root = temporaryDirectory(t);
    await inTurn(() => body(t, { root, directory: join(root, 'shop_0') }));
  });
}
