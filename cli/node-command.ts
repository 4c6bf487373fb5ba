// What the commands that run nodes share: start, say `ready`, and stop cleanly when told to.

import { isIP } from 'node:net';
import { realClock } from '#shared/clock.ts';
import { isDiskFull } from '#leaf/log/write-error.ts';
import { hasRoom, isTrouble } from '#leaf/partition/damage.ts';
import { CommandError, UsageError } from './failure.ts';

/** How long a node takes to stop at the most, in milliseconds. */
const stopMsMax = 5000;

export interface RunningNode {
  stop(): Promise<void>;
  /** Resolves when all that it holds is open: then it is ready. Absent: at once. */
  readonly recovered?: Promise<unknown>;
  /** Resolves, with the reason, when the node must not go on; null or absent: never. */
  readonly lost?: Promise<Error> | null;
}

/**
 * Runs a node until a signal (or the end of a parent that spawned it with a channel) says stop.
 * `start` answers the node and the rest of its `ready` line. Throws CommandError where the disk of
 * its data directory is full.
 */
export async function runNode(
  dataDir: string,
  start: () => Promise<{ readonly node: RunningNode; readonly ready: string }>,
): Promise<void> {
  const told = stopRequest();
  const { node, ready } = await startWithRoom(dataDir, start);
  const isTold = await Promise.race([isOver(told, true), isOver(node.recovered, false)]);
  if (!isTold) process.stdout.write(`ready ${ready}\n`);
  const reason = await Promise.race([told, ...(node.lost == null ? [] : [node.lost])]);
  if (reason instanceof Error) {
    process.stderr.write(`twinleaf: ${reason.message}\n`);
    process.exitCode = 1;
  }
  await stopWithin(node, stopMsMax);
  // The channel of a parent that waits for our end would keep us from it.
  if (process.connected) process.disconnect?.();
}

async function startWithRoom<T>(dataDir: string, start: () => Promise<T>): Promise<T> {
  try {
    return await start();
  } catch (error) {
    // SQLite calls it an I/O error when there is no room for its own small files.
    const met = [error, error instanceof Error ? error.cause : null];
    const isFull = met.some((each) => isDiskFull(each) || (isTrouble(each) && !hasRoom(dataDir)));
    if (!isFull) throw error;
    const sentence = `the disk of ${dataDir} is full: make room there and start it again`;
    throw new CommandError(sentence, { cause: error });
  }
}

/**
 * Stops the node; one that waits for a peer which is away ends all the same. Nothing is lost by
 * that: what was acknowledged is in the log.
 */
async function stopWithin(node: RunningNode, ms: number): Promise<void> {
  const timer = realClock.after(ms, () => {
    process.stderr.write('twinleaf: a peer that is away held up the stop; ended without it\n');
    process.exit(process.exitCode ?? 0);
  });
  await node.stop();
  timer.cancel();
}

async function isOver<T>(work: Promise<unknown> | undefined, answer: T): Promise<T> {
  await work;
  return answer;
}

/** Resolves at the first signal; a second one ends the process at once. */
async function stopRequest(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let signals = 0;
  const onSignal = () => {
    signals++;
    if (signals > 1) process.exit(1);
    resolve();
  };
  process.on('SIGTERM', onSignal).on('SIGINT', onSignal).on('SIGHUP', onSignal);
  process.on('disconnect', onSignal);
  // A promise alone keeps no process alive; the listeners of the node do.
  return promise;
}

/** Root without a password is for this machine alone. Throws UsageError. */
export function checkRootPassword(host: string, password: string | null): void {
  if (password !== null || isLoopback(host)) return;
  throw new UsageError(
    `--root-password (or TWINLEAF_ROOT_PASSWORD) is needed to listen on ${host}: without it, ` +
      'root has no password and others could reach it',
  );
}

function isLoopback(host: string): boolean {
  if (host === 'localhost' || host === '::1') return true;
  return isIP(host) === 4 && host.startsWith('127.');
}
