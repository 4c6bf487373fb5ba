// Writes the shop at the primary: all of it at first, then new orders as long as it is told to.

import type { Connection } from 'mysql2/promise';
import type { Clock } from '#shared/clock.ts';
import type { ShopRow, ShopRows } from './shop-rows.ts';

/** Rows of one INSERT. */
const rowsPerInsert = 500;

/** How big the shop is at its opening: about 50,000 rows. */
export const shopSize = { products: 400, customers: 6000, orders: 11_000 } as const;

/** Loads the shop; `onRows` is told of the rows as they are in. */
export async function loadShop(
  connection: Connection,
  shop: ShopRows,
  onRows: (rows: number) => void,
): Promise<void> {
  const insert = async (table: string, rows: readonly ShopRow[]) => {
    for (let at = 0; at < rows.length; at += rowsPerInsert) {
      const batch = rows.slice(at, at + rowsPerInsert);
      await connection.query(`INSERT INTO ${table} VALUES ?`, [batch]);
      onRows(batch.length);
    }
  };
  await insert(
    'products',
    Array.from({ length: shopSize.products }, () => shop.product()),
  );
  await insert(
    'customers',
    Array.from({ length: shopSize.customers }, () => shop.customer()),
  );
  const orders = Array.from({ length: shopSize.orders }, () => shop.order());
  await insert(
    'orders',
    orders.map(({ order }) => order),
  );
  await insert(
    'order_lines',
    orders.flatMap(({ lines }) => lines),
  );
}

/** A writer that goes on: new orders, and now and then one that is changed or withdrawn. */
export class ShopWriter {
  readonly #connection: Connection;
  readonly #shop: ShopRows;
  readonly #clock: Clock;
  readonly #stopped = new AbortController();
  readonly #done: Promise<void>;
  #failure: unknown = null;
  /** Transactions that the primary has acknowledged. */
  transactions = 0;

  constructor(connection: Connection, shop: ShopRows, clock: Clock) {
    this.#connection = connection;
    this.#shop = shop;
    this.#clock = clock;
    this.#done = this.#run();
  }

  /** Ends after the transaction that is under way. Throws what made the writer fail. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#done;
    this.check();
  }

  /** Throws what made the writer fail, if it did. */
  check(): void {
    if (this.#failure !== null) throw this.#failure;
  }

  async #run(): Promise<void> {
    try {
      while (!this.#stopped.signal.aborted) {
        await this.#write();
        this.transactions++;
        // Leaves the machine some air: the demo shows lag, it is no benchmark.
        await this.#clock.sleep(5);
      }
    } catch (error) {
      this.#failure = error;
    }
  }

  async #write(): Promise<void> {
    const connection = this.#connection;
    const { order, lines } = this.#shop.order();
    await connection.beginTransaction();
    await connection.query('INSERT INTO orders VALUES ?', [[order]]);
    await connection.query('INSERT INTO order_lines VALUES ?', [lines]);
    await connection.commit();
    const [id, customer] = order;
    if (Number(id) % 7 === 0) {
      const update = "UPDATE orders SET status = 'sent' WHERE customer_id = ? AND id = ?";
      await connection.query(update, [customer, id]);
    }
    if (Number(id) % 23 === 0) {
      await connection.query('DELETE FROM order_lines WHERE order_id = ?', [id]);
    }
  }
}
