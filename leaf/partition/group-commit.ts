// Who waits together is written together: one SQLite transaction, one record, one sync.
//
// Tasks that arrive while a group is being synced form the next group. Each runs in a savepoint
// of its own, so that one that fails harms no other. A group never waits for a client: it holds
// the write lock only for its own work and its sync.

import type { Timer } from '#shared/clock.ts';
import { databaseError, DatabaseError } from '#shared/error.ts';
import { must } from '#shared/assert.ts';
import type { WriteStep, WriteStepResult } from '#shared/wire/message.ts';
import { patientClaim } from '#shared/lock-claim.ts';
import type { Gathering } from './gathering.ts';
import type { PartitionCore } from './partition-core.ts';
import { HandCapture, NotByHandError } from './hand-capture.ts';
import type { PlainStep } from './plain-steps.ts';
import { runSteps } from './write-steps.ts';
import { WriteTransaction } from './write-transaction.ts';

/** Tasks of one group. */
const GROUP_TASKS_MAX = 256;
/** A group takes no further task after so long, so that the loop is not held up. */
const GROUP_MS_MAX = 10;
/** Tasks that may wait for one partition. */
const WAITING_TASKS_MAX = 10_000;

interface Task {
  readonly foreignKeys: boolean;
  readonly startedAt: bigint;
  readonly steps: readonly WriteStep[];
  /** Throws when the steps must not run (any more). */
  readonly check: () => void;
  readonly resolve: (value: WriteStepResult[]) => void;
  readonly reject: (error: unknown) => void;
  /** True once a group has it. */
  taken: boolean;
  timer: Timer | null;
}

type Outcome =
  | { readonly task: Task; readonly kind: 'done'; readonly value: WriteStepResult[] }
  | { readonly task: Task; readonly kind: 'failed'; readonly error: unknown };

/** How a group's changes are captured without a session. */
interface ByHand {
  readonly capture: HandCapture;
  /** Of each task, in the order of the queue. */
  readonly plain: readonly (readonly PlainStep[])[];
}

/** The queue of autocommit writes of one partition. */
export class GroupCommit {
  #core: PartitionCore;
  #queue: Task[] = [];
  #pumping = false;
  /** The next group is captured by a session: one of its tasks cannot be told by hand. */
  #needsSession = false;
  readonly #gathering: Gathering | null;

  constructor(core: PartitionCore) {
    this.#core = core;
    const { gathering = null } = core.environment;
    this.#gathering = core.file.meta.durability === 'sync' ? gathering : null;
  }

  /**
   * Runs `check` and the steps within the next group; resolves with the results once they are
   * durable and visible. Rejects with what was thrown, or with lockWaitTimeout.
   */
  submit(options: {
    readonly foreignKeys: boolean;
    readonly timeoutMs: number;
    readonly steps: readonly WriteStep[];
    readonly check: () => void;
  }): Promise<WriteStepResult[]> {
    if (this.#queue.length >= WAITING_TASKS_MAX) throw databaseError('lockWaitTimeout', {});
    return new Promise((resolve, reject) => {
      const { foreignKeys, steps, check } = options;
      const startedAt = this.#core.environment.hybridClock.next();
      const fresh = { taken: false, timer: null };
      const task: Task = { foreignKeys, startedAt, steps, check, resolve, reject, ...fresh };
      this.#queue.push(task);
      this.#gathering?.come();
      if (!this.#pumping) void this.#pump();
      // Still queued: somebody else holds the lock.
      if (!task.taken) this.#startTimer(task, options.timeoutMs);
    });
  }

  /** Refuses who waits: the partition closes. */
  close(): void {
    const state = 'closing';
    const error = databaseError('partitionNotOnline', { partition: this.#core.name, state });
    while (this.#queue.length > 0) this.#take().reject(error);
  }

  #startTimer(task: Task, timeoutMs: number): void {
    task.timer = this.#core.environment.clock.after(timeoutMs, () => {
      this.#queue = this.#queue.filter((other) => other !== task);
      this.#gathering?.go(false);
      task.reject(databaseError('lockWaitTimeout', {}));
    });
  }

  async #pump(): Promise<void> {
    const { lock } = this.#core;
    this.#pumping = true;
    try {
      for (let first = this.#queue[0]; first !== undefined; first = this.#queue[0]) {
        const claim = patientClaim(first.startedAt);
        if (!lock.tryAcquire(claim)) await lock.acquire(claim, null);
        try {
          const turn = this.#gathering?.turn ?? null;
          if (turn !== null) await turn;
          await this.#writeGroup();
        } finally {
          lock.release(claim);
        }
      }
    } finally {
      this.#pumping = false;
    }
  }

  async #writeGroup(): Promise<void> {
    const first = this.#queue[0];
    if (first === undefined) return;
    const outcomes: Outcome[] = [];
    try {
      const plain = this.#plainTasks(first.foreignKeys);
      const capture = plain === null ? null : new HandCapture();
      const transaction = new WriteTransaction(this.#core, first.foreignKeys, capture);
      const byHand = plain === null || capture === null ? null : { plain, capture };
      this.#runTasks(first.foreignKeys, outcomes, byHand);
      if (!this.#core.file.inTransaction) transaction.rollback();
      const lsn = this.#core.file.inTransaction ? await transaction.commit() : null;
      this.#answer(outcomes, lsn);
    } catch (error) {
      if (error instanceof NotByHandError) {
        this.#core.file.rollback();
        this.#putBack(outcomes);
        return;
      }
      if (outcomes.length > 1 && isTooLarge(error)) {
        await this.#writeOneByOne(outcomes);
        return;
      }
      if (outcomes.length === 0) outcomes.push({ task: this.#take(), kind: 'failed', error });
      for (const { task } of outcomes) task.reject(error);
    }
  }

  /** What the next group's tasks are, each in plain steps; null when one of them is none. */
  #plainTasks(foreignKeys: boolean): (readonly PlainStep[])[] | null {
    const { file } = this.#core;
    const needsSession = this.#needsSession;
    this.#needsSession = false;
    if (needsSession) return null;
    const plain: (readonly PlainStep[])[] = [];
    for (const task of this.#queue) {
      if (task.foreignKeys !== foreignKeys || plain.length === GROUP_TASKS_MAX) break;
      const steps = file.plain.plainSteps(task.steps, file.hasForeignKeys);
      if (steps === null) return null;
      plain.push(steps);
    }
    return plain;
  }

  /** The tasks of a group that was undone come first in the next one, which has a session. */
  #putBack(outcomes: readonly Outcome[]): void {
    this.#needsSession = true;
    this.#queue.unshift(...outcomes.map(({ task }) => task));
    for (const _ of outcomes) this.#gathering?.come();
  }

  /** Runs tasks with the same foreign key checks, until the group is full or has taken its time. */
  #runTasks(foreignKeys: boolean, outcomes: Outcome[], byHand: ByHand | null): void {
    const { clock } = this.#core.environment;
    const startedMs = clock.monotonicMs();
    const alone = this.#queue.length === 1;
    while (this.#queue[0]?.foreignKeys === foreignKeys && outcomes.length < GROUP_TASKS_MAX) {
      const task = this.#take();
      const run = (): WriteStepResult[] => this.#run(task, outcomes.length, byHand);
      const outcome = alone ? this.#runAlone(task, run) : this.#runTask(task, run);
      outcomes.push(outcome);
      if (outcome.kind === 'failed' && outcome.error instanceof NotByHandError) throw outcome.error;
      if (!this.#core.file.inTransaction) {
        // SQLite has undone the whole transaction (a full disk): everyone's work is gone.
        const error = outcome.kind === 'failed' ? outcome.error : null;
        for (const [index, { task: other }] of outcomes.entries()) {
          outcomes[index] = { task: other, kind: 'failed', error };
        }
        return;
      }
      if (clock.monotonicMs() - startedMs > GROUP_MS_MAX) return;
    }
  }

  /** Runs the task of that number in its group on the writer's connection. */
  #run(task: Task, number: number, byHand: ByHand | null): WriteStepResult[] {
    const { file } = this.#core;
    task.check();
    if (byHand === null) return runSteps(file, task.steps);
    const { capture, plain } = byHand;
    const { mark } = capture;
    try {
      return capture.run(file, must(plain[number]));
    } catch (error) {
      capture.forgetAfter(mark);
      throw error;
    }
  }

  /** A group of one needs no savepoint: nobody else's work is there to be kept. */
  #runAlone(task: Task, run: () => WriteStepResult[]): Outcome {
    try {
      return { task, kind: 'done', value: run() };
    } catch (error) {
      this.#core.file.rollback();
      return { task, kind: 'failed', error };
    }
  }

  #runTask(task: Task, run: () => WriteStepResult[]): Outcome {
    const { connection } = this.#core.file;
    connection.run('SAVEPOINT task');
    try {
      const value = run();
      connection.run('RELEASE task');
      return { task, kind: 'done', value };
    } catch (error) {
      if (connection.inTransaction) {
        connection.run('ROLLBACK TO task');
        connection.run('RELEASE task');
      }
      return { task, kind: 'failed', error };
    }
  }

  /** A group whose changes are too large for one record: each task is a group of its own. */
  async #writeOneByOne(outcomes: readonly Outcome[]): Promise<void> {
    for (const { task } of outcomes) {
      const alone: Outcome[] = [];
      try {
        const transaction = new WriteTransaction(this.#core, task.foreignKeys);
        alone.push(this.#runTask(task, () => this.#run(task, 0, null)));
        this.#answer(alone, await transaction.commit());
      } catch (error) {
        task.reject(error);
      }
    }
  }

  #answer(outcomes: readonly Outcome[], lsn: bigint | null): void {
    const { environment, key } = this.#core;
    const followers = lsn === null ? null : environment.waitForFollowers(key, lsn);
    if (followers === null) this.#tell(outcomes);
    else void this.#tellAfter(followers, outcomes);
  }

  async #tellAfter(followers: Promise<unknown>, outcomes: readonly Outcome[]): Promise<void> {
    await followers;
    this.#tell(outcomes);
  }

  #tell(outcomes: readonly Outcome[]): void {
    for (const outcome of outcomes) {
      if (outcome.kind === 'done') outcome.task.resolve(outcome.value);
      else outcome.task.reject(outcome.error);
    }
  }

  #take(): Task {
    const task = must(this.#queue.shift());
    task.taken = true;
    this.#gathering?.go(true);
    task.timer?.cancel();
    return task;
  }
}

function isTooLarge(error: unknown): boolean {
  return error instanceof DatabaseError && error.is('transactionTooLarge');
}
