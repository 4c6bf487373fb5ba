// The literals of a statement whose plan is kept: a plan may carry them on, and must say what it
// took for granted of them.
//
// While a plan is made for later runs too, a literal's constant hides its value behind a getter.
// What only passes the constant on (a bound value, a shard key's value) never looks; whatever
// looks, decides by what it sees, and so makes the plan one for that very value.

import { assert, must } from '#shared/assert.ts';
import type { ColumnDefinition } from '#shared/cluster/table-definition.ts';
import type { ColumnType, StoredValue } from '#shared/sql/column-type.ts';
import type { SourceValue } from '#shared/sql/source-value.ts';

/** The literals of one run of a statement, in their order; the parameters follow them. */
export interface SlotRun {
  readonly values: readonly SourceValue[];
  /** MySQL's conversion on assignment, as this run's session does it. */
  readonly store: (column: ColumnDefinition, value: SourceValue) => StoredValue;
  /** What was computed in this run already, by its slot. */
  readonly computed: Map<LiteralSlot, StoredValue>;
}

/** A value that each run of the plan takes, or computes, from its own literals. Never NULL. */
export interface LiteralSlot {
  /** The literal's number, where the value is just as it was written; null where it is computed. */
  readonly index: number | null;
  read(run: SlotRun): StoredValue;
  /** The value now; from here on the plan holds for this value alone. */
  note(): StoredValue;
  /** The value now, by one who puts no trust in it. */
  peek(): StoredValue;
  /** From here on the plan holds only for values of which `judge` says the same. */
  holdTo<T extends string | number | boolean | null>(judge: (value: StoredValue) => T): T;
  /** What is computed from the value, for each run anew. */
  derive(compute: (value: StoredValue) => StoredValue): LiteralSlot;
  /** What the column keeps of the value. */
  stored(column: ColumnDefinition, type: ColumnType): LiteralSlot;
}

/** What a plan takes for granted: `read` answers `expected` in every run that may use it. */
export interface SlotGuard {
  readonly expected: unknown;
  read(run: SlotRun): unknown;
}

/** Thrown where a plan cannot be one for later runs; the statement is planned for itself then. */
export class NotKeptError extends Error {
  override readonly name = 'NotKeptError';
}

/** What one plan has taken for granted so far. */
export class SlotTrace {
  readonly #run: SlotRun;
  readonly #guards: SlotGuard[] = [];
  readonly #slots: LiteralSlot[];
  readonly #noted = new Set<number>();
  #isClosed = false;

  constructor(run: SlotRun) {
    this.#run = run;
    this.#slots = run.values.map((_, index) => this.#literal(index));
  }

  get guards(): readonly SlotGuard[] {
    return this.#guards;
  }

  /** Literal or parameter `index`. */
  slot(index: number): LiteralSlot | undefined {
    return this.#slots[index];
  }

  /** Literal or parameter `index` as it is now. */
  value(index: number): SourceValue {
    return must(this.#run.values[index]);
  }

  /** The plan holds for this value of the literal alone. */
  note(index: number): void {
    if (this.#noted.has(index)) return;
    this.#mustBeOpen();
    this.#noted.add(index);
    const read = (run: SlotRun) => comparable(run.values[index]?.value ?? null);
    this.#guards.push({ read, expected: read(this.#run) });
  }

  /** The plan is made: who looks at a literal now would see that of an earlier run. */
  close(): void {
    this.#isClosed = true;
  }

  #mustBeOpen(): void {
    assert(!this.#isClosed, 'a kept plan is made over while it runs');
  }

  #literal(index: number): LiteralSlot {
    const read = (run: SlotRun): StoredValue => run.values[index]?.value ?? null;
    return this.#make(index, read, () => this.note(index));
  }

  #make(index: number | null, read: (run: SlotRun) => StoredValue, note: () => void): LiteralSlot {
    const trace = this.#run;
    const slot: LiteralSlot = {
      index,
      read,
      note: () => {
        note();
        return read(trace);
      },
      peek: () => read(trace),
      holdTo: (judge) => {
        this.#mustBeOpen();
        const expected = judge(read(trace));
        this.#guards.push({ expected, read: (run) => judge(read(run)) });
        return expected;
      },
      derive: (compute) => this.#make(null, (run) => compute(read(run)), note),
      stored: (column, type) => this.#stored(read, column, type),
    };
    return slot;
  }

  /** Warnings and errors of the conversion belong to each run: nobody may look at it before. */
  #stored(
    read: (run: SlotRun) => StoredValue,
    column: ColumnDefinition,
    type: ColumnType,
  ): LiteralSlot {
    const refuse = (): never => {
      throw new NotKeptError('a converted value was looked at');
    };
    const slot: LiteralSlot = {
      index: null,
      note: refuse,
      peek: refuse,
      holdTo: refuse,
      derive: refuse,
      stored: refuse,
      read: (run) => {
        const known = run.computed.get(slot);
        if (known !== undefined) return known;
        const value = run.store(column, { type, value: read(run) });
        run.computed.set(slot, value);
        return value;
      },
    };
    return slot;
  }
}

/** Bytes compare by what they hold. */
function comparable(value: StoredValue): unknown {
  return value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value;
}
