// The lists of a statement that were read before its parsing comes to them, by where they begin.

import { DatabaseError } from '#shared/error.ts';
import type { LexerMark } from './lexer.ts';

/** So much is read ahead without a pause, in characters. */
export const STRETCH_CHARACTERS = 4096;

/** A place of a reader to come back to, and what it has counted on its way there. */
export interface ReaderMark extends LexerMark {
  readonly depth: number;
  readonly parameterCount: number;
  /** Where the token before ended. */
  readonly lastEnd: number;
}

/** What is needed of a TokenReader. */
interface ListReader {
  readonly at: number;
  /** Of the tree that was read since it was set. */
  height: number;
  mark(): ReaderMark;
  reset(mark: ReaderMark): void;
  mayNest(height: number): boolean;
  acceptOperator(operator: string): boolean;
}

/** A list: its items, or what is wrong with it. */
interface ListAhead {
  readonly start: ReaderMark;
  readonly items: readonly unknown[];
  readonly error: DatabaseError | null;
  readonly height: number;
  readonly end: ReaderMark;
}

export class ListsAhead {
  readonly #lists = new Map<number, ListAhead>();

  /**
   * Reads the list that begins here and yields amid it; the current token is the one behind it
   * then, or the one that is wrong.
   */
  *read(reader: ListReader, item: () => unknown): Generator<null, void, void> {
    const start = reader.mark();
    const items: unknown[] = [];
    let error: DatabaseError | null = null;
    let nextPause = reader.at + STRETCH_CHARACTERS;
    reader.height = 0;
    try {
      items.push(item());
      while (reader.acceptOperator(',')) {
        items.push(item());
        if (reader.at < nextPause) continue;
        yield null;
        nextPause = reader.at + STRETCH_CHARACTERS;
      }
    } catch (cause) {
      if (!(cause instanceof DatabaseError)) throw cause;
      error = cause;
    }
    const end = { ...reader.mark(), depth: start.depth };
    this.#lists.set(start.start, { start, items, error, height: reader.height, end });
    if (error !== null) reader.reset(end);
    reader.height = 0;
  }

  /**
   * The items of the list that begins here, behind which the reader goes on; null where it is to
   * be read. Throws what was wrong with it.
   */
  take<T>(reader: ListReader): readonly T[] | null {
    const known = this.#lists.get(reader.at);
    if (known === undefined || !isAsBefore(reader, known)) return null;
    if (known.error !== null) throw known.error;
    reader.reset({ ...known.end, depth: reader.mark().depth });
    reader.height = Math.max(reader.height, known.height);
    return known.items as readonly T[];
  }
}

/** Whether the list would be read now as it was; deep within other rules it may be too deep. */
function isAsBefore(reader: ListReader, { start, height }: ListAhead): boolean {
  const now = reader.mark();
  const isSame =
    now.parameterCount === start.parameterCount && now.inVersionComment === start.inVersionComment;
  return isSame && reader.mayNest(height);
}
