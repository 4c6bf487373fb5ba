// The changes of a transaction over several statements: by hand as long as that can be, then by a
// session, which takes over where the hand has stopped.

import { concatChangesets } from '#shared/log/changeset.ts';
import type { ChangeCapture } from '#shared/sqlite-file.ts';
import type { WriteStep, WriteStepResult } from '#shared/wire/message.ts';
import { HandCapture, NotByHandError } from './hand-capture.ts';
import type { PlainStep } from './plain-steps.ts';
import type { StateFile } from './state-file.ts';
import { runSteps } from './write-steps.ts';

/** How far the capture was when a savepoint was set. */
export interface CaptureMark {
  readonly changes: number;
  readonly hasSession: boolean;
}

export class TransactionCapture implements ChangeCapture {
  readonly #file: StateFile;
  readonly #hand = new HandCapture();
  /** Everything that the hand has noted was there before it. */
  #session: ChangeCapture | null = null;

  constructor(file: StateFile) {
    this.#file = file;
  }

  get mark(): CaptureMark {
    return { changes: this.#hand.mark, hasSession: this.#session !== null };
  }

  /** SQLite has gone back to a savepoint that was set at this mark. */
  undoTo({ changes, hasSession }: CaptureMark): void {
    // A session that is younger compares with rows that never were.
    if (!hasSession) this.#endSession();
    this.#hand.forgetAfter(changes);
  }

  /**
   * Runs the steps of one task; `goBack` takes what they have done in SQLite back, for another
   * attempt. Throws a DatabaseError; the caller takes it back, and here goes to its mark.
   */
  run(steps: readonly WriteStep[], goBack: () => void): WriteStepResult[] {
    const plain = this.#session === null ? this.#plainSteps(steps) : null;
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
    if (this.#session === null) return byHand;
    return concatChangesets([byHand, this.#session.changeset()]);
  }

  close(): void {
    this.#endSession();
    this.#hand.close();
  }

  #endSession(): void {
    this.#session?.close();
    this.#session = null;
  }

  #plainSteps(steps: readonly WriteStep[]): readonly PlainStep[] | null {
    return this.#file.plain.plainSteps(steps, this.#file.hasForeignKeys);
  }
}
