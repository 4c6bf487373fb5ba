// One statement of COM_STMT_PREPARE: its text, its parameters' types, and data sent ahead.

import { databaseError } from '#shared/error.ts';
import type { PreparedShape } from '#aggregator/query-engine.ts';
import type { SourceValue } from '#shared/sql/store-value.ts';
import {
  longParameter,
  nullParameter,
  readParameter,
  type EncodedParameterType,
  type ParameterType,
} from './parameter-value.ts';
import type { Cursor } from './cursor.ts';
import { PayloadReader } from './payload-reader.ts';

const UNSIGNED_FLAG = 0x80;
/** Behind the command byte: statement id, cursor flags, iteration count. */
const EXECUTE_HEADER_BYTES = 1 + 4 + 1 + 4;

export class PreparedStatement {
  readonly id: number;
  readonly text: string;
  readonly shape: PreparedShape;
  /** The rows of the last execution that wait to be fetched. */
  cursor: Cursor | null = null;
  /** Sent with the first execution, and kept for those that do not send them again. */
  #types: readonly ParameterType[] | null = null;
  #longData = new Map<number, Buffer[]>();
  #longDataBytes = 0;

  constructor(id: number, text: string, shape: PreparedShape) {
    this.id = id;
    this.text = text;
    this.shape = shape;
  }

  /** COM_STMT_SEND_LONG_DATA has no answer: what is too much fails the execution. */
  addLongData(payload: Buffer): void {
    const reader = new PayloadReader(payload, 5);
    const parameter = reader.uint16();
    const bytes = reader.rest();
    this.#longDataBytes += bytes.length;
    const pieces = this.#longData.get(parameter) ?? [];
    // The packet's buffer may be much larger than its piece, which waits for the execution.
    pieces.push(Buffer.from(bytes));
    this.#longData.set(parameter, pieces);
  }

  /** Bytes that wait for an execution. */
  get longDataBytes(): number {
    return this.#longDataBytes;
  }

  /** Throws away the rows that wait. */
  async closeCursor(): Promise<void> {
    const { cursor } = this;
    this.cursor = null;
    await cursor?.close();
  }

  /** Forgets the data sent ahead. */
  reset(): void {
    this.#longData = new Map();
    this.#longDataBytes = 0;
  }

  /**
   * The parameters of a COM_STMT_EXECUTE, in their order; text is in the client's `charset`.
   * Throws malformedPacket and others.
   */
  readParameters(payload: Buffer, charset: string): readonly SourceValue[] {
    const count = this.shape.parameterCount;
    if (count === 0) return [];
    const reader = new PayloadReader(payload, EXECUTE_HEADER_BYTES);
    const bitmap = reader.bytes((count + 7) >> 3);
    if (reader.uint8() === 1) this.#types = readTypes(reader, count);
    const types = this.#types;
    if (types === null) {
      throw databaseError('wrongArguments', { command: 'mysqld_stmt_execute' });
    }
    const values = types.map((type, index) =>
      this.#readValue(reader, bitmap, { type: { ...type, charset }, index }),
    );
    this.reset();
    return values;
  }

  #readValue(
    reader: PayloadReader,
    bitmap: Buffer,
    parameter: { readonly type: EncodedParameterType; readonly index: number },
  ): SourceValue {
    const { type, index } = parameter;
    const pieces = this.#longData.get(index);
    if (pieces !== undefined) return longParameter(Buffer.concat(pieces), type);
    const isNull = ((bitmap[index >> 3] ?? 0) & (1 << (index & 7))) !== 0;
    return isNull ? nullParameter : readParameter(reader, type);
  }
}

function readTypes(reader: PayloadReader, count: number): readonly ParameterType[] {
  return Array.from({ length: count }, () => {
    const code = reader.uint8();
    return { code, unsigned: (reader.uint8() & UNSIGNED_FLAG) !== 0 };
  });
}
