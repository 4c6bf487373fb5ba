// The processor time that processes have used, as the kernel counts it.

import { readdirSync, readFileSync } from 'node:fs';

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

/** User and system time of these processes together, in seconds; of one that has ended, none. */
export function cpuSeconds(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + cpuSecondsOf(pid), 0);
}

function cpuSecondsOf(pid: number): number {
  try {
    return parseCpuSeconds(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return 0;
  }
}

/** The process and all that come from it, as they are now. */
export function descendants(root: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
    } catch {
      // It has ended meanwhile.
    }
  }
  const found = [root];
  for (const pid of found) {
    for (const [child, parent] of parents) if (parent === pid) found.push(child);
  }
  return found;
}
