// Where a test may end the process: named places between the steps that make a write durable.

/** Each stands right after what it names; `before commit` right before SQLite's COMMIT. */
export const failpointNames = [
  'after-append',
  'after-sync',
  'before-commit',
  'after-commit',
  'after-prepare',
  'after-decide',
  'after-snapshot-ready',
  'after-log-reset',
] as const;

export type FailpointName = (typeof failpointNames)[number];

/** Called at each named place; it returns, or the process is no more. */
export type Failpoint = (name: FailpointName) => void;

/** What a leaf runs with outside tests. */
export const noFailpoint: Failpoint = () => undefined;

/** Ends the process at once, as a power cut would, when it comes to `name`. */
export function killAt(name: string): Failpoint {
  return (reached) => {
    if (reached === name) process.kill(process.pid, 'SIGKILL');
  };
}
