// Mutated packets against a whole cluster in this process: it must not fall, hang, or let anyone do
// what they have not logged in for.

import { capability } from '#aggregator/front-door/capabilities.ts';
import { startEmbeddedCluster } from '#cli/embedded-cluster.ts';
import { realClock } from '#shared/clock.ts';
import { createLogger } from '#shared/logger.ts';
import mysql, { type RowDataPacket } from 'mysql2/promise';
import { basicCapabilities, RawClient } from '#test/aggregator/front-door/raw-client.ts';
import { seededRandom, type RandomInteger } from '#test/support/seeded-random.ts';
import { framedWrites, mutateConversation, mutatePayload, pick } from './mutate.ts';
import { recordConversations, type Conversation } from './record-conversations.ts';

export interface FuzzOptions {
  /** How many mutated packets are sent at least. */
  readonly packets: number;
  readonly seed: number;
  readonly dataDir: string;
  /** Told now and then how many packets have been sent. */
  readonly onProgress?: (packets: number) => void;
}

export interface FuzzReport {
  readonly packets: number;
  readonly connections: number;
  /** Commands that the server has begun. */
  readonly commands: number;
  /** What must not happen, in words; empty when all is well. */
  readonly faults: readonly string[];
  readonly worstPingMs: number;
  readonly rssBytes: number;
}

/** Clients at once. */
const CLIENTS = 16;
/** A connection whose client has ended it must be gone by then. */
const HANG_MS = 20_000;
const clientCapabilities =
  basicCapabilities |
  capability.localFiles |
  capability.multiStatements |
  capability.connectAttributes;

const setUp = [
  'SET GLOBAL max_connect_errors = 1000000000',
  'SET GLOBAL local_infile = 1',
  'CREATE DATABASE fuzz',
  'CREATE TABLE fuzz.canary (n INT)',
  'CREATE TABLE fuzz.things (id BIGINT PRIMARY KEY, name VARCHAR(300), amount DECIMAL(30, 4), ' +
    'at DATETIME(6), bits BIT(12), doc JSON)',
  "INSERT INTO fuzz.things (id, name, amount) VALUES (1, 'a', 1.5), (2, 'ab', 2), (3, 'b', NULL)",
  "CREATE USER fuzz IDENTIFIED BY 'fuzz'",
  'GRANT SELECT, INSERT, UPDATE, DELETE ON fuzz.things TO fuzz',
];

/** Runs to the number of packets. Rejects when the cluster cannot be started. */
export async function fuzzFrontDoor(options: FuzzOptions): Promise<FuzzReport> {
  const faults: string[] = [];
  const logger = createLogger('error', {}, (line) => faults.push(`logged: ${line}`));
  const cluster = await startEmbeddedCluster({
    ...{ dataDir: options.dataDir, host: '127.0.0.1', advertiseHost: '127.0.0.1', version: 'fuzz' },
    ...{ port: 0, leafPort: 0, leaves: 1, partitionsPerLeaf: 2, rootPassword: 'root' },
    ...{ clock: realClock, logger },
  });
  const { port } = cluster;
  const steady = await mysql.createConnection({
    ...{ host: '127.0.0.1', port, user: 'root', password: 'root' },
  });
  for (const sql of setUp) await steady.query(sql);
  const conversations = await recordConversations(port);
  const run = new FuzzRun({ ...options, port, conversations, faults, steady });
  await run.run();
  await run.check();
  const commands = await questions(steady);
  await steady.end();
  await cluster.stop();
  const { packets, connections, worstPingMs } = run;
  const rssBytes = process.memoryUsage().rss;
  return { packets, connections, commands, faults, worstPingMs, rssBytes };
}

async function questions(steady: mysql.Connection): Promise<number> {
  const [rows] = await steady.query<RowDataPacket[]>("SHOW GLOBAL STATUS LIKE 'Questions'");
  return Number(rows[0]?.['Value'] ?? 0);
}

interface RunParts extends FuzzOptions {
  readonly port: number;
  readonly conversations: readonly Conversation[];
  readonly faults: string[];
  readonly steady: mysql.Connection;
}

class FuzzRun {
  packets = 0;
  connections = 0;
  worstPingMs = 0;
  readonly #parts: RunParts;
  readonly #random: RandomInteger;

  constructor(parts: RunParts) {
    this.#parts = parts;
    this.#random = seededRandom(parts.seed);
  }

  async run(): Promise<void> {
    const clients = Array.from({ length: CLIENTS }, () => this.#clientAfterClient());
    const watch = this.#pingUntilDone();
    await Promise.all([...clients, watch]);
  }

  /** Nothing was done without a login, and the others are as well as before. */
  async check(): Promise<void> {
    const { steady, faults } = this.#parts;
    const [canary] = await steady.query<RowDataPacket[]>('SELECT COUNT(*) AS n FROM fuzz.canary');
    if (Number(canary[0]?.['n']) !== 0) faults.push('something ran without a login');
    const others = async () => {
      const [list] = await steady.query<RowDataPacket[]>('SHOW PROCESSLIST');
      return list.length - 1;
    };
    const deadline = performance.now() + HANG_MS;
    while ((await others()) > 0 && performance.now() < deadline) await realClock.sleep(20);
    if ((await others()) > 0) faults.push(`${await others()} clients stay though they have gone`);
  }

  get #isDone(): boolean {
    return this.packets >= this.#parts.packets || this.#parts.faults.length > 0;
  }

  async #clientAfterClient(): Promise<void> {
    while (!this.#isDone) {
      this.connections += 1;
      if (this.#random(4) === 0) await this.#stranger();
      else await this.#guest();
      this.#parts.onProgress?.(this.packets);
    }
  }

  async #pingUntilDone(): Promise<void> {
    while (!this.#isDone) {
      const start = performance.now();
      await this.#parts.steady.ping();
      this.worstPingMs = Math.max(this.worstPingMs, performance.now() - start);
      await realClock.sleep(100);
    }
  }

  /** Logs in as it should, then talks nonsense. */
  async #guest(): Promise<void> {
    const client = new RawClient(this.#parts.port);
    const isCompressed = this.#random(6) === 0;
    const more = isCompressed ? capability.compress : 0;
    const capabilities = clientCapabilities | more;
    await client.enter({ user: 'fuzz', password: 'fuzz', capabilities });
    const { conversations } = this.#parts;
    const own = [Buffer.from('\x02fuzz', 'latin1'), ...pick(this.#random, conversations)];
    const mutated = mutateConversation(this.#random, own, conversations);
    this.packets += mutated.packets;
    const { writes } = mutated;
    await this.#say(client, isCompressed ? framedWrites(this.#random, writes) : writes);
  }

  /** Has a wrong password, mutates its login, and sends what must never be done. */
  async #stranger(): Promise<void> {
    const random = this.#random;
    const client = new RawClient(this.#parts.port);
    const greeting = await client.next();
    if (greeting === null) return;
    const right = { user: 'fuzz', password: 'wrong', capabilities: clientCapabilities };
    const login = client.login(greeting, right).subarray(4);
    const other = pick(random, pick(random, this.#parts.conversations));
    const wrong = mutatePayload(random, login, other);
    const isFramed = random(10) !== 0;
    const header = Buffer.from([
      wrong.length & 0xff,
      wrong.length >> 8,
      0,
      isFramed ? 1 : random(256),
    ]);
    const insert = Buffer.from('\x03INSERT INTO fuzz.canary VALUES (1)', 'latin1');
    const attack = Buffer.concat([Buffer.from([insert.length, 0, 0, 0]), insert]);
    this.packets += 1;
    await this.#say(client, [Buffer.concat([header, wrong]), attack, attack], true);
  }

  /** Says it all and ends its side; the server has to end the other one. */
  async #say(client: RawClient, writes: readonly Buffer[], isStranger = false): Promise<void> {
    const { socket } = client;
    for (const bytes of writes) {
      if (!socket.writable) break;
      socket.write(bytes);
      if (this.#random(8) === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    if (this.#random(10) === 0) {
      socket.resetAndDestroy();
      return;
    }
    socket.end();
    const patience = realClock.after(HANG_MS, () => {
      this.#parts.faults.push(`a connection hangs: ${Buffer.concat(writes).toString('base64')}`);
      socket.destroy();
    });
    for (let answer = await client.next(); answer !== null; answer = await client.next()) {
      if (isStranger && answer[0] === 0x00) this.#parts.faults.push('a stranger was let in');
    }
    patience.cancel();
    socket.destroy();
  }
}
