// The changeset of plain steps, laid out by hand while they run.

import { encodeChanges, isSameRow, type WrittenChange } from '#shared/log/changeset-writer.ts';
import type { Row } from '#shared/sql/column-type.ts';
import type { ChangeCapture } from '#shared/sqlite-file.ts';
import type { WriteStepResult } from '#shared/wire/message.ts';
import type { PlainStep } from './plain-steps.ts';
import { runStep, toClientError, type WriteTarget } from './write-steps.ts';

/** What stands in a text for bytes that are no UTF-8: such a text's own bytes are not known. */
const REPLACED = '\ufffd';

/** A row cannot be told by hand: its task is undone, and runs again under a session. */
export class NotByHandError extends Error {
  override readonly name = 'NotByHandError';
}

/** What has happened in one transaction, in its order. */
export class HandCapture implements ChangeCapture {
  readonly #changes: WrittenChange[] = [];

  /** How much has happened so far: what `forgetAfter` goes back to. */
  get mark(): number {
    return this.#changes.length;
  }

  /** What has happened since then is undone. */
  forgetAfter(mark: number): void {
    this.#changes.length = mark;
  }

  /** Runs the steps and notes what they change. Throws NotByHandError, or a client's error. */
  run(file: WriteTarget, steps: readonly PlainStep[]): WriteStepResult[] {
    return steps.flatMap((step) => {
      return step.kind === 'insert' ? [this.#insert(file, step)] : this.#change(file, step);
    });
  }

  changeset(): Uint8Array {
    return encodeChanges(this.#changes);
  }

  /** What has happened between two marks. */
  between(from: number, to: number): Uint8Array {
    return encodeChanges(this.#changes.slice(from, to));
  }

  close(): void {
    this.#changes.length = 0;
  }

  #insert(
    file: WriteTarget,
    { shape, step }: Extract<PlainStep, { readonly kind: 'insert' }>,
  ): WriteStepResult {
    const result = runStep(file, step);
    const { changesPerRow } = result;
    const isWhole = changesPerRow.every((changes) => changes === 1);
    const rows = isWhole ? step.rows : step.rows.filter((_, index) => changesPerRow[index] === 1);
    this.#changes.push({ kind: 'insert', header: shape.header, places: shape.places, rows });
    return result;
  }

  #change(
    file: WriteTarget,
    plain: Extract<PlainStep, { readonly kind: 'change' }>,
  ): WriteStepResult[] {
    const { shape, step } = plain;
    const { header, isKey } = shape;
    const before = rowOf(file, plain);
    const counted = { changes: 0, changesPerRow: [], rows: [[before === null ? 0 : 1]] };
    const results = shape.count === null ? [] : [counted];
    if (before === null) return [...results, { changes: 0, changesPerRow: [], rows: [] }];
    const result = runStep(file, step);
    if (shape.count === null) this.#changes.push({ kind: 'delete', header, before });
    else if (result.changes > 0) {
      const after = rowOf(file, plain);
      if (after === null) throw new NotByHandError('an updated row keeps its key');
      if (!isSameRow(before, after)) {
        this.#changes.push({ kind: 'update', header, isKey, before, after });
      }
    }
    return [...results, result];
  }
}

/** The whole row of that key, or null. */
function rowOf(
  file: WriteTarget,
  { shape, key }: Extract<PlainStep, { readonly kind: 'change' }>,
): Row | null {
  let row: Row | null;
  try {
    row = file.connection.get(shape.select, key, 'bigint');
  } catch (error) {
    throw toClientError(error, file, { sql: shape.select, values: key, row: 1 });
  }
  const isForeign = row?.some((value) => typeof value === 'string' && value.includes(REPLACED));
  if (isForeign === true) throw new NotByHandError('a text whose bytes are not known');
  return row;
}
