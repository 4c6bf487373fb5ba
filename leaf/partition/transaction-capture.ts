// The changes of a transaction over several statements: by hand as long as that can be, then by a
// session, which takes over where the hand has stopped.

import { concatChangesets } from '#shared/log/changeset.ts';
import type { ChangeCapture } from '#shared/sqlite-file.ts';
import type { WriteStep, WriteStepResult } from '#shared/wire/message.ts';
import { HandCapture, NotByHandError } from './hand-capture.ts';
import { RememberedTasks } from './made-again.ts';
import type { PlainStep } from './plain-steps.ts';
import type { StateFile } from './state-file.ts';
import { runSteps } from './write-steps.ts';

/** How far the capture was at some moment. */
export interface CaptureMark {
  /** Told by hand. */
  readonly changes: number;
  /** Captured by sessions that have ended, behind those. */
  readonly parts: number;
  readonly hasSession: boolean;
  /** That were remembered. */
  readonly tasks: number;
}

type CapturePlace = Pick<CaptureMark, 'changes' | 'parts'>;

export class TransactionCapture implements ChangeCapture {
  readonly #file: StateFile;
  readonly #hand = new HandCapture();
  /** What sessions have captured, each up to a savepoint: one behind the other. */
  readonly #parts: Uint8Array[] = [];
  /** Where there are foreign keys, whose actions are no changes to be made once more. */
  readonly #tasks = new RememberedTasks();
  /** Everything that the hand has noted, and the parts, was there before it. */
  #session: ChangeCapture | null = null;

  constructor(file: StateFile) {
    this.#file = file;
  }

  get mark(): CaptureMark {
    const { length: parts } = this.#parts;
    const hasSession = this.#session !== null;
    return { changes: this.#hand.mark, parts, hasSession, tasks: this.#tasks.mark };
  }

  /** A savepoint is set here: what comes behind it is captured apart. */
  cut(): CaptureMark {
    if (this.#session !== null) this.#parts.push(this.#session.changeset());
    this.#endSession();
    return this.mark;
  }

  /** SQLite has gone back to a savepoint that was set at this mark. */
  undoTo({ changes, parts, hasSession, tasks }: CaptureMark): void {
    // A session that is younger compares with rows that never were.
    if (!hasSession) this.#endSession();
    this.#parts.length = parts;
    this.#hand.forgetAfter(changes);
    this.#tasks.undoTo(tasks);
  }

  /**
   * Runs the steps of one task; `goBack` takes what they have done in SQLite back, for another
   * attempt. Throws a DatabaseError; the caller takes it back, and here goes to its mark.
   */
  run(steps: readonly WriteStep[], goBack: () => void): WriteStepResult[] {
    const results = this.#run(steps, goBack);
    if (this.#file.hasForeignKeys) this.#tasks.add(steps);
    return results;
  }

  #run(steps: readonly WriteStep[], goBack: () => void): WriteStepResult[] {
    const byHand = this.#session === null && this.#parts.length === 0;
    const plain = byHand ? this.#plainSteps(steps) : null;
    if (plain !== null) {
      const { mark } = this;
      try {
        return this.#hand.run(this.#file, plain);
      } catch (error) {
        if (!(error instanceof NotByHandError)) throw error;
        goBack();
        this.undoTo(mark);
      }
    }
    this.#session ??= this.#file.capture();
    return runSteps(this.#file, steps);
  }

  changeset(): Uint8Array {
    const byHand = this.#hand.changeset();
    if (this.#session === null && this.#parts.length === 0) return byHand;
    return concatChangesets([byHand, ...this.#parts, ...this.#ofSession()]);
  }

  /** The changes up to each of the savepoints set at these marks, and those behind the last. */
  pieces(marks: readonly CaptureMark[]): readonly Uint8Array[] {
    const ends: readonly CapturePlace[] = [...marks, this.mark];
    return ends.map((to, index) => {
      const from = ends[index - 1] ?? { changes: 0, parts: 0 };
      const byHand = this.#hand.between(from.changes, to.changes);
      const rest = index === marks.length ? this.#ofSession() : [];
      return concatChangesets([byHand, ...this.#parts.slice(from.parts, to.parts), ...rest]);
    });
  }

  /** The same in tasks; null where they would not all do the same once more. */
  tasks(marks: readonly CaptureMark[]): readonly (readonly (readonly WriteStep[])[])[] | null {
    return this.#tasks.pieces(marks.map(({ tasks }) => tasks));
  }

  close(): void {
    this.#endSession();
    this.#parts.length = 0;
    this.#hand.close();
    this.#tasks.undoTo(0);
  }

  #ofSession(): readonly Uint8Array[] {
    return this.#session === null ? [] : [this.#session.changeset()];
  }

  #endSession(): void {
    this.#session?.close();
    this.#session = null;
  }

  #plainSteps(steps: readonly WriteStep[]): readonly PlainStep[] | null {
    return this.#file.plain.plainSteps(steps, this.#file.hasForeignKeys);
  }
}
