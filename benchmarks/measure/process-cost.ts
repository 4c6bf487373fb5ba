// The processor time that processes have used, as the kernel counts it.

import { readFileSync } from 'node:fs';

/** Ticks a second of the times in /proc, the same on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

const USER_FIELD = 14;
const SYSTEM_FIELD = 15;

/** User and system time of all threads of a process, in seconds, from the text of its stat file. */
export function parseCpuSeconds(stat: string): number {
  // The second field is the program's name in parentheses, which may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[USER_FIELD - 3]) + Number(fields[SYSTEM_FIELD - 3]);
  return ticks / TICKS_PER_SECOND;
}

/** User and system time of these processes together, in seconds. */
export function cpuSeconds(pids: readonly number[]): number {
  return pids.reduce(
    (sum, pid) => sum + parseCpuSeconds(readFileSync(`/proc/${pid}/stat`, 'utf8')),
    0,
  );
}
