// One line of a file for LOAD DATA, cut into its fields: separators, quotes and escapes.

import type { LoadFormat } from '#aggregator/parser/ast.ts';

/** A LoadFormat as bytes; -1 stands for a character that there is not. */
export interface ByteFormat {
  readonly fieldEnd: Buffer;
  readonly lineEnd: Buffer;
  readonly lineStart: Buffer;
  readonly enclosure: number;
  readonly escape: number;
}

/** A field's bytes, or null for NULL. */
export type Field = Uint8Array | null;

export interface Line {
  readonly fields: readonly Field[];
  /** Where the next line begins. */
  readonly next: number;
}

/** What lies before `at` is read; `isWhole`: nothing comes behind the buffer. */
export interface Source {
  readonly buffer: Buffer;
  readonly isWhole: boolean;
}

interface FieldEnd {
  readonly kind: 'field' | 'line';
  readonly next: number;
}

const NULL_WORD = Buffer.from('NULL');
const CAPITAL_N = 0x4e;
/** What a character stands for behind the escape, where not for itself: 0, b, n, r, t, Z. */
const escaped: ReadonlyMap<number, number> = new Map([
  [0x30, 0x00],
  [0x62, 0x08],
  [0x6e, 0x0a],
  [0x72, 0x0d],
  [0x74, 0x09],
  [0x5a, 0x1a],
]);

export function byteFormat(format: LoadFormat): ByteFormat {
  const character = (text: string) => (text === '' ? -1 : text.charCodeAt(0));
  return {
    fieldEnd: Buffer.from(format.fieldsTerminatedBy),
    lineEnd: Buffer.from(format.linesTerminatedBy),
    lineStart: Buffer.from(format.linesStartingBy),
    enclosure: character(format.enclosedBy),
    escape: character(format.escapedBy),
  };
}

/** The line that begins at `at`; null while it is not all there, and at the end of the file. */
export function splitLine(format: ByteFormat, source: Source, at: number): Line | null {
  const { buffer } = source;
  let next = at;
  if (format.lineStart.length > 0) {
    const start = buffer.indexOf(format.lineStart, at);
    if (start < 0) return null;
    next = start + format.lineStart.length;
  }
  if (next === buffer.length) return null;
  const fields: Field[] = [];
  for (;;) {
    const reading = new FieldReading(format, source, next);
    const end = reading.read();
    if (end === null) return null;
    fields.push(reading.value);
    next = end.next;
    if (end.kind === 'line') return { fields, next };
  }
}

/** Reads one field. */
class FieldReading {
  value: Field = null;
  readonly #format: ByteFormat;
  readonly #source: Source;
  readonly #isEnclosed: boolean;
  readonly #pieces: Uint8Array[] = [];
  /** Where the piece begins that is being read, and where reading is. */
  #from: number;
  #at: number;
  #isNull = false;

  constructor(format: ByteFormat, source: Source, start: number) {
    this.#format = format;
    this.#source = source;
    this.#isEnclosed = format.enclosure >= 0 && source.buffer[start] === format.enclosure;
    this.#at = start + (this.#isEnclosed ? 1 : 0);
    this.#from = this.#at;
  }

  /** How it ends; null when more bytes are needed to say. */
  read(): FieldEnd | null {
    const { buffer, isWhole } = this.#source;
    const { enclosure, escape } = this.#format;
    const escapes = escape >= 0 && !(this.#isEnclosed && escape === enclosure);
    while (this.#at < buffer.length) {
      const byte = buffer[this.#at];
      // The longest of what can follow must be there, or be known not to come.
      if (!isWhole && this.#at + this.#lookAhead >= buffer.length) return null;
      if (escapes && byte === escape && this.#at + 1 < buffer.length) {
        this.#takeEscaped();
      } else if (!this.#isEnclosed) {
        const end = this.#endAt(this.#at);
        if (end !== null) return this.#finish(this.#at, end);
        this.#at += 1;
      } else if (byte === enclosure) {
        const end = this.#takeEnclosure();
        if (end !== null) return end;
      } else {
        this.#at += 1;
      }
    }
    return isWhole ? this.#finish(buffer.length, { kind: 'line', next: buffer.length }) : null;
  }

  get #lookAhead(): number {
    return 2 + Math.max(this.#format.fieldEnd.length, this.#format.lineEnd.length);
  }

  #takeEscaped(): void {
    const { buffer } = this.#source;
    const code = buffer.readUInt8(this.#at + 1);
    const isFirst = this.#pieces.length === 0 && this.#from === this.#at;
    this.#isNull = code === CAPITAL_N && isFirst && !this.#isEnclosed;
    this.#pieces.push(buffer.subarray(this.#from, this.#at));
    this.#pieces.push(Uint8Array.of(escaped.get(code) ?? code));
    this.#at += 2;
    this.#from = this.#at;
  }

  /** A quote within quotes: doubled, at the field's end, or for itself. */
  #takeEnclosure(): FieldEnd | null {
    const { buffer } = this.#source;
    const quote = this.#at;
    const isDoubled = buffer[quote + 1] === this.#format.enclosure;
    if (isDoubled) {
      this.#pieces.push(buffer.subarray(this.#from, quote + 1));
      this.#at = quote + 2;
      this.#from = this.#at;
      return null;
    }
    const end = this.#endAt(quote + 1);
    if (end !== null) return this.#finish(quote, end);
    this.#at += 1;
    return null;
  }

  #endAt(at: number): FieldEnd | null {
    const { buffer, isWhole } = this.#source;
    const { fieldEnd, lineEnd } = this.#format;
    if (isWhole && at === buffer.length) return { kind: 'line', next: at };
    if (startsWith(buffer, at, fieldEnd)) return { kind: 'field', next: at + fieldEnd.length };
    if (startsWith(buffer, at, lineEnd)) return { kind: 'line', next: at + lineEnd.length };
    return null;
  }

  #finish(end: number, found: FieldEnd): FieldEnd {
    const last = this.#source.buffer.subarray(this.#from, end);
    const value = this.#pieces.length === 0 ? last : Buffer.concat([...this.#pieces, last]);
    const isWord = !this.#isEnclosed && this.#format.enclosure >= 0 && NULL_WORD.equals(value);
    this.value = (this.#isNull && value.length === 1) || isWord ? null : value;
    return found;
  }
}

function startsWith(buffer: Buffer, at: number, wanted: Buffer): boolean {
  for (let index = 0; index < wanted.length; index += 1) {
    if (buffer[at + index] !== wanted[index]) return false;
  }
  return true;
}
