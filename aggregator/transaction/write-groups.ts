// Autocommit statements over several partitions that come at about the same time are written and
// committed together, by one transaction: a commit in two phases costs each partition two records,
// two syncs and a COMMIT, whoever shares it.
//
// A statement that meets nobody goes its own way at once. What comes while another one is at one of
// its partitions would wait for a write lock there in any case: it waits here, and all that waits
// goes together when that one has ended. One statement's error must not be another's: where a
// group cannot be written, nothing of it has happened, and each of its statements is tried by
// itself. So a group is never what a client sees, but for the time that it takes.
//
// Nobody waits here for long: somebody else's lock may be held for minutes, and who waits for it
// has a timeout of its own and can be killed. After PATIENCE_MS each goes its own way, and for a
// while nothing is gathered.

import { must } from '#shared/assert.ts';
import type { Clock } from '#shared/clock.ts';
import { databaseError } from '#shared/error.ts';
import {
  mergeWrites,
  splitResults,
  type PartitionWrites,
  type TaskResults,
} from './partition-writes.ts';

/** How long others wait for who is at their partitions, in milliseconds. */
export const PATIENCE_MS = 200;
/** Nothing is gathered for so long after a group was in vain, in milliseconds. */
const REST_MS = 1_000;
/** Rows, or steps without rows, of one group: it is not to hold up a leaf. */
const GROUP_SIZE_MAX = 1_000;

/** A statement that may be written together with others. */
export interface GroupableWrite {
  readonly writes: PartitionWrites;
  readonly foreignKeyChecks: boolean;
  readonly signal: AbortSignal;
  /** Writes it in a transaction of its own. */
  alone(): Promise<TaskResults>;
  /**
   * Writes these in a transaction; null, and nothing has happened, where each is to be tried by
   * itself. Throws commitUnknown.
   */
  together(writes: PartitionWrites, signal: AbortSignal): Promise<TaskResults | null>;
}

interface Member {
  readonly write: GroupableWrite;
  readonly resolve: (results: TaskResults) => void;
  readonly reject: (error: unknown) => void;
}

/** A group that is being written, and keeps others from its partitions. */
interface Running {
  readonly ordinals: ReadonlySet<number>;
}

/** What is written on one database. */
interface Lane {
  readonly running: Set<Running>;
  /** In the order in which they came. */
  waiting: Member[];
}

/** One for an aggregator. */
export class WriteGroups {
  readonly #clock: Clock;
  readonly #lanes = new Map<string, Lane>();
  #restUntilMs = -Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The statement's results, once they are committed. Rejects with what its own writing throws. */
  submit(write: GroupableWrite): Promise<TaskResults> {
    if (this.#clock.monotonicMs() < this.#restUntilMs) return write.alone();
    const { database } = write.writes;
    const known = this.#lanes.get(database);
    const lane = known ?? { running: new Set<Running>(), waiting: [] };
    if (known === undefined) this.#lanes.set(database, lane);
    return new Promise((resolve, reject) => {
      lane.waiting.push({ write, resolve, reject });
      this.#goOn(database, lane);
    });
  }

  /** Begins all groups that may begin now. */
  #goOn(database: string, lane: Lane): void {
    for (let group = takeGroup(lane); group.length > 0; group = takeGroup(lane)) {
      void this.#run(database, lane, group);
    }
    if (lane.running.size === 0 && lane.waiting.length === 0) this.#lanes.delete(database);
  }

  async #run(database: string, lane: Lane, group: readonly Member[]): Promise<void> {
    const running = { ordinals: new Set(group.flatMap(ordinalsOf)) };
    lane.running.add(running);
    const timer = this.#clock.after(PATIENCE_MS, () => this.#scatter(lane));
    await (group.length === 1 ? runAlone(must(group[0])) : this.#runTogether(group));
    timer.cancel();
    lane.running.delete(running);
    this.#goOn(database, lane);
  }

  async #runTogether(group: readonly Member[]): Promise<void> {
    const [first, ...others] = group.map(({ write }) => write);
    const { writes, together } = must(first);
    const merged = mergeWrites(
      writes,
      others.map((other) => other.writes),
    );
    const anyAborts = new AbortController();
    const abort = (): void => anyAborts.abort();
    for (const { write } of group) write.signal.addEventListener('abort', abort, { once: true });
    try {
      const results = await together(merged, anyAborts.signal);
      if (results === null) return await this.#runEach(group);
      const parts = group.map(({ write }) => write.writes);
      const split = splitResults(merged, results, parts);
      for (const [index, { resolve }] of group.entries()) resolve(must(split[index]));
    } catch (error) {
      for (const { reject } of group) reject(error);
    } finally {
      for (const { write } of group) write.signal.removeEventListener('abort', abort);
    }
  }

  /** It could not be done together. */
  async #runEach(group: readonly Member[]): Promise<void> {
    this.#rest();
    await Promise.all(group.map(runAlone));
  }

  /** Somebody takes long: who waits goes its own way. */
  #scatter(lane: Lane): void {
    this.#rest();
    for (const member of lane.waiting.splice(0)) void runAlone(member);
  }

  #rest(): void {
    this.#restUntilMs = this.#clock.monotonicMs() + REST_MS;
  }
}

/** Those that wait, in their order, and may go together now; nobody overtakes at a partition. */
function takeGroup(lane: Lane): Member[] {
  if (lane.waiting.length === 0) return [];
  const taken = new Set<number>();
  for (const { ordinals } of lane.running) for (const ordinal of ordinals) taken.add(ordinal);
  const group: Member[] = [];
  const left: Member[] = [];
  let size = 0;
  for (const member of lane.waiting) {
    const own = sizeOf(member);
    const free = ordinalsOf(member).every((ordinal) => !taken.has(ordinal));
    const fits = group.length === 0 || (isLike(member, group[0]) && size + own <= GROUP_SIZE_MAX);
    if (free && fits) {
      group.push(member);
      size += own;
    } else {
      left.push(member);
      for (const ordinal of ordinalsOf(member)) taken.add(ordinal);
    }
  }
  lane.waiting = left;
  return group;
}

async function runAlone({ write, resolve, reject }: Member): Promise<void> {
  try {
    if (write.signal.aborted) throw databaseError('queryInterrupted', {});
    resolve(await write.alone());
  } catch (error) {
    reject(error);
  }
}

function ordinalsOf({ write }: Member): number[] {
  return write.writes.tasks.map(({ ordinal }) => ordinal);
}

function sizeOf({ write }: Member): number {
  const steps = write.writes.tasks.flatMap((task) => task.steps);
  return steps.reduce((sum, step) => sum + (step.kind === 'rows' ? step.rows.length : 1), 0);
}

function isLike({ write }: Member, other: Member | undefined): boolean {
  if (other === undefined) return true;
  const { foreignKeyChecks, writes } = other.write;
  return (
    write.foreignKeyChecks === foreignKeyChecks &&
    write.writes.catalogVersion === writes.catalogVersion
  );
}
