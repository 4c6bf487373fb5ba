// The metadata store in a key-value bucket of NATS JetStream, which keeps copies by Raft.
//
// A key of ours becomes a key of NATS: a slash is a dot there, and the other characters that keys
// of ours have (letters, digits, `_`, `-`) are allowed. An entry's revision is its place in the
// bucket's stream, so revisions rise over all keys. A delete leaves a marker, which has a revision
// too: a key that is gone is put anew with the marker's revision as the expected one.

import { connect, KvWatchInclude, type KV, type KvEntry, type NatsConnection } from 'nats';
import { Subject, type Observable } from 'rxjs';
import { decode, encode } from '#shared/codec.ts';
import { databaseError, type DatabaseError } from '#shared/error.ts';
import type { MetadataChange, MetadataEntry, MetadataStore } from './metadata-store.ts';

/** JetStream's error code for a revision that is not the expected one. */
const wrongLastSequence = 10071;

/** The servers of one NATS cluster. */
export interface NatsServers {
  /** `host:port` of the servers. */
  readonly servers: readonly string[];
  /** Null: the servers ask for none. */
  readonly login: { readonly user: string; readonly password: string } | null;
  /** Copies of the bucket, 1 to 5; at most the number of servers. */
  readonly replicas: number;
}

export interface NatsStoreOptions extends NatsServers {
  /** The bucket; one a cluster. */
  readonly bucket: string;
}

export class NatsMetadataStore implements MetadataStore {
  readonly #connection: NatsConnection;
  readonly #bucket: KV;
  readonly #place: string;

  private constructor(connection: NatsConnection, bucket: KV, place: string) {
    this.#connection = connection;
    this.#bucket = bucket;
    this.#place = place;
  }

  /** Connects, and makes the bucket when it is not there. Throws metadataUnavailable. */
  static async open(options: NatsStoreOptions): Promise<NatsMetadataStore> {
    const { servers, login } = options;
    const place = `NATS at ${servers.join()}`;
    const credentials = login === null ? {} : { user: login.user, pass: login.password };
    let connection: NatsConnection | null = null;
    try {
      // Once it has been there, a server that goes is waited for; what is asked meanwhile fails.
      const again = { maxReconnectAttempts: -1, reconnectTimeWait: 500 };
      connection = await connect({ servers: [...servers], ...credentials, ...again });
      const bucket = await connection.jetstream().views.kv(options.bucket, {
        history: 1,
        replicas: options.replicas,
      });
      return new NatsMetadataStore(connection, bucket, place);
    } catch (error) {
      await connection?.close();
      throw unavailable(place, error);
    }
  }

  async get(key: string): Promise<MetadataEntry | null> {
    const entry = await this.#ask(() => this.#bucket.get(toNatsKey(key)));
    return entry === null || entry.operation !== 'PUT' ? null : toEntry(entry);
  }

  async list(prefix: string): Promise<readonly MetadataEntry[]> {
    return this.#ask(async () => {
      const entries: MetadataEntry[] = [];
      for await (const entry of await this.#bucket.history()) {
        const isHere = entry.operation === 'PUT' && fromNatsKey(entry.key).startsWith(prefix);
        if (isHere) entries.push(toEntry(entry));
      }
      return entries.toSorted((a, b) => (a.key < b.key ? -1 : 1));
    });
  }

  async put(key: string, value: unknown, expected?: number): Promise<number | null> {
    const natsKey = toNatsKey(key);
    const bytes = encode(value);
    return this.#ask(async () => {
      if (expected === undefined) return this.#bucket.put(natsKey, bytes);
      const previousSeq = expected === 0 ? await this.#revisionOfNothing(natsKey) : expected;
      if (previousSeq === null) return null;
      return ifExpected(() => this.#bucket.put(natsKey, bytes, { previousSeq }));
    });
  }

  async delete(key: string, expected?: number): Promise<boolean> {
    const natsKey = toNatsKey(key);
    return this.#ask(async () => {
      if (expected === undefined) {
        await this.#bucket.delete(natsKey);
        return true;
      }
      if (expected === 0) return (await this.#revisionOfNothing(natsKey)) !== null;
      const remove = async () => {
        await this.#bucket.delete(natsKey, { previousSeq: expected });
        return true;
      };
      return (await ifExpected(remove)) ?? false;
    });
  }

  async watch(prefix: string): Promise<Observable<MetadataChange>> {
    const options = { include: KvWatchInclude.UpdatesOnly };
    const entries = await this.#ask(() => this.#bucket.watch(options));
    const changes = new Subject<MetadataChange>();
    void forward(entries, prefix, changes);
    return changes.asObservable();
  }

  async close(): Promise<void> {
    try {
      await this.#connection.drain();
    } catch {
      // A server that is away has nothing to be drained.
      await this.#connection.close();
    }
  }

  async #ask<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw unavailable(this.#place, error);
    }
  }

  /** The revision of the marker of a deleted key, 0 for one that never was, null if it is there. */
  async #revisionOfNothing(natsKey: string): Promise<number | null> {
    const entry = await this.#bucket.get(natsKey);
    if (entry === null) return 0;
    return entry.operation === 'PUT' ? null : entry.revision;
  }
}

/** Tells of the entries under the prefix until the connection is closed. */
async function forward(
  entries: AsyncIterable<KvEntry>,
  prefix: string,
  changes: Subject<MetadataChange>,
): Promise<void> {
  for await (const entry of entries) {
    const key = fromNatsKey(entry.key);
    if (!key.startsWith(prefix)) continue;
    if (entry.operation === 'PUT') changes.next({ kind: 'put', entry: toEntry(entry) });
    else changes.next({ kind: 'delete', key, revision: entry.revision });
  }
  changes.complete();
}

function unavailable(place: string, error: unknown): DatabaseError {
  const reason = error instanceof Error ? error.message : String(error);
  return databaseError('metadataUnavailable', { place, reason }, error);
}

/** Null when the revision was not the expected one. */
async function ifExpected<T>(change: () => Promise<T>): Promise<T | null> {
  try {
    return await change();
  } catch (error) {
    const { api_error: apiError } = error as { api_error?: { err_code?: number } };
    if (apiError?.err_code === wrongLastSequence) return null;
    throw error;
  }
}

function toNatsKey(key: string): string {
  return key.replaceAll('/', '.');
}

function fromNatsKey(key: string): string {
  return key.replaceAll('.', '/');
}

function toEntry(entry: KvEntry): MetadataEntry {
  const { key, value, revision } = entry;
  return { key: fromNatsKey(key), value: decode(value), revision };
}
