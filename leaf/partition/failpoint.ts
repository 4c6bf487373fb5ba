// Where a test may end the process: named places between the steps that make a change durable.

/** Each stands right after what it names; `before …` and `amid …` say where they stand. */
export const failpointNames = [
  // A write: rows, a verdict, a definition, a follower's batch.
  'before-append',
  'amid-append',
  'after-append',
  'after-sync',
  'before-commit',
  'after-commit',
  // A transaction over several partitions; `after-decide` is the verdict, synced.
  'before-prepare',
  'after-prepare',
  'after-decide-append',
  'after-decide',
  'after-define',
  // The log's segments.
  'before-roll',
  'amid-roll',
  'after-roll',
  // Retention and checkpoint.
  'before-trim',
  'amid-trim',
  'after-trim',
  'before-checkpoint',
  'amid-checkpoint',
  'after-checkpoint',
  // A snapshot takes the place of the content.
  'after-snapshot-ready',
  'after-file-replaced',
  'after-log-removed',
  'after-log-reset',
  // A copy is made, set aside, dropped, promoted, taken back.
  'amid-create',
  'before-create-name',
  'after-create-name',
  'before-drop-name',
  'after-drop-name',
  'amid-set-aside',
  'after-set-aside',
  'after-promote-append',
  'amid-rewind',
] as const;

export type FailpointName = (typeof failpointNames)[number];

/** Called at each named place; it returns, or the process is no more. */
export type Failpoint = (name: FailpointName) => void;

/** What a leaf runs with outside tests. */
export const noFailpoint: Failpoint = () => undefined;
