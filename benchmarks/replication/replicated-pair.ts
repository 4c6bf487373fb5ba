// A primary and what follows it: what the benchmarks of replication measure.

/** A connection that runs one statement after another. */
export interface PairClient {
  /** Rows as texts. */
  query(sql: string): Promise<readonly (readonly (string | null)[])[]>;
  end(): Promise<void>;
}

export interface ReplicatedPair {
  readonly name: string;
  primaryPids(): readonly number[];
  secondaryPids(): readonly number[];
  /** In the replicated database. */
  connectPrimary(): Promise<PairClient>;
  connectSecondary(): Promise<PairClient>;
  /** Begins to follow: resolves when all that was there has been copied. */
  follow(): Promise<void>;
  pause(): Promise<void>;
  /** Goes on; what was missed comes by itself. */
  resume(): Promise<void>;
  /** Other ways to copy everything at first, each answering its seconds, by their names. */
  readonly copies: Readonly<Record<string, () => Promise<number>>>;
  stop(): Promise<void>;
}

/** The order lines of a shop: `lines` of one order are written in one transaction. */
const columnList = 'order_id, line, item, price, note';

/** `suffix` is the dialect's own: a shard key. */
export function linesTable(suffix = ''): string {
  return `CREATE TABLE order_lines (
  order_id BIGINT NOT NULL,
  line INT NOT NULL,
  item INT NOT NULL,
  price INT NOT NULL,
  note VARCHAR(200) NOT NULL,
  PRIMARY KEY (order_id, line)${suffix}
)`;
}

/** Bytes of text in a note; the numbers count as 24. */
const NOTE_BYTES = 120;
export const ROW_BYTES = NOTE_BYTES + 24;

const NOTE = 'the quick brown fox jumps over the lazy dog, again and again; '.repeat(3);

/** One transaction: `count` lines of an order, in one statement. */
export function insertOrder(orderId: number, count: number): string {
  const rows = Array.from({ length: count }, (_, line) => {
    const item = (orderId * 7 + line) % 100_000;
    return `(${orderId},${line},${item},${orderId % 997},'${note(orderId)}')`;
  });
  return `INSERT INTO order_lines (${columnList}) VALUES ${rows.join(',')}`;
}

function note(seed: number): string {
  return (String(seed).padStart(10, '0') + NOTE).slice(0, NOTE_BYTES);
}
