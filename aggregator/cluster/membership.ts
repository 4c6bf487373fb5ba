// The nodes of the cluster: who belongs to it, kept in the store, and who is alive, kept in memory.

import { BehaviorSubject, Subject, type Observable } from 'rxjs';
import type { Clock, Timer } from '#shared/clock.ts';
import { addressText, type Address, type NodeDescription } from '#shared/cluster/topology.ts';
import { databaseError } from '#shared/error.ts';
import type { Logger } from '#shared/logger.ts';
import { updateMetadata, type MetadataStore } from '#aggregator/metadata/metadata-store.ts';

/** A node that was not heard of for this long is not alive, in milliseconds. */
const silenceMsMax = 10_000;
/** How often silence is looked for, in milliseconds. */
const checkIntervalMs = 1000;

const nodePrefix = 'node/';
const counterKey = 'next-node-id';

export interface Registration {
  readonly kind: NodeDescription['kind'];
  /** 0: it has none yet. */
  readonly nodeId: number;
  readonly address: Address;
}

/** The master aggregator's node id, in every cluster. */
export const masterNodeId = 1;

/** Invariant: node ids are never used again. */
export class Membership {
  readonly #store: MetadataStore;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #nodes = new BehaviorSubject<readonly NodeDescription[]>([]);
  readonly #alive = new BehaviorSubject<ReadonlySet<number>>(new Set());
  readonly #registered = new Subject<number>();
  readonly #heardAtMs = new Map<number, number>();
  #timer: Timer | null = null;

  private constructor(store: MetadataStore, clock: Clock, logger: Logger) {
    this.#store = store;
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Reads the nodes from the store, and follows it. */
  static async open(store: MetadataStore, clock: Clock, logger: Logger): Promise<Membership> {
    const membership = new Membership(store, clock, logger);
    const changes = await store.watch(nodePrefix);
    changes.subscribe(() => void membership.#reload());
    await membership.#reload();
    membership.#watchSilence();
    return membership;
  }

  /** Every node, by id, and again at every change. */
  get nodes$(): Observable<readonly NodeDescription[]> {
    return this.#nodes.asObservable();
  }

  /** The ids of those heard of lately, and again at every change. */
  get alive$(): Observable<ReadonlySet<number>> {
    return this.#alive.asObservable();
  }

  /** The id of a node, each time that it registers: it has just started, or we have. */
  get registered$(): Observable<number> {
    return this.#registered.asObservable();
  }

  nodes(): readonly NodeDescription[] {
    return this.#nodes.value;
  }

  isAlive(nodeId: number): boolean {
    return this.#alive.value.has(nodeId);
  }

  /**
   * Takes a node in, or takes note of its new address. Answers its id. Throws nodeRefused when
   * the id is unknown here, or the address is another node's.
   */
  async register(registration: Registration): Promise<number> {
    const { kind, address } = registration;
    this.#checkAddress(registration);
    const known = registration.nodeId === 0 || this.#isKnown(registration.nodeId);
    const other = this.nodes().find(({ id }) => id === registration.nodeId);
    if (other !== undefined && other.kind !== kind) {
      throw databaseError('nodeRefused', { reason: `node ${other.id} is no ${kind}` });
    }
    if (!known && registration.nodeId !== masterNodeId) {
      const reason = `node ${registration.nodeId} is unknown to this cluster`;
      throw databaseError('nodeRefused', { reason });
    }
    const id = registration.nodeId === 0 ? await this.#nextId() : registration.nodeId;
    const node: NodeDescription = { id, kind, address };
    await this.#store.put(nodePrefix + String(id), node);
    await this.#reload();
    this.#logger.info('node registered', {
      node: id,
      kind,
      host: address.host,
      port: address.port,
    });
    this.heartbeat(id);
    this.#registered.next(id);
    return id;
  }

  /** The node lives. Throws nodeRefused when it is unknown: it must register first. */
  heartbeat(nodeId: number): void {
    if (!this.#isKnown(nodeId)) {
      throw databaseError('nodeRefused', { reason: `node ${nodeId} is unknown to this cluster` });
    }
    this.#heardAtMs.set(nodeId, this.#clock.monotonicMs());
    if (!this.isAlive(nodeId)) this.#alive.next(new Set([...this.#alive.value, nodeId]));
  }

  /** Forgets the node; the caller has made sure that nothing is placed on it. */
  async remove(nodeId: number): Promise<void> {
    await this.#store.delete(nodePrefix + String(nodeId));
    await this.#reload();
  }

  /** One that was removed is a node again, as it was. */
  async putBack(node: NodeDescription): Promise<void> {
    await this.#store.put(nodePrefix + String(node.id), node);
    await this.#reload();
  }

  close(): void {
    this.#timer?.cancel();
    this.#nodes.complete();
    this.#alive.complete();
    this.#registered.complete();
  }

  #isKnown(nodeId: number): boolean {
    return this.nodes().some((node) => node.id === nodeId);
  }

  /**
   * One address, one node: else tasks for one would reach the other. A node that is known may take
   * the address of one that is not alive: that one will say its new address when it is back.
   */
  #checkAddress({ kind, nodeId, address }: Registration): void {
    const holder = this.nodes().find(
      (node) => node.address.host === address.host && node.address.port === address.port,
    );
    if (holder === undefined || holder.id === nodeId) return;
    // Several aggregators may share a port: nobody sends them tasks.
    if (kind === 'aggregator' && holder.kind === 'aggregator') return;
    if (nodeId !== 0 && !this.isAlive(holder.id)) return;
    const where = addressText(address);
    const reason = `node ${holder.id} is registered at ${where}; advertise another address`;
    throw databaseError('nodeRefused', { reason });
  }

  async #nextId(): Promise<number> {
    return updateMetadata(this.#store, counterKey, (value) => Number(value ?? masterNodeId) + 1);
  }

  async #reload(): Promise<void> {
    const entries = await this.#store.list(nodePrefix);
    const nodes = entries.map((entry) => entry.value as NodeDescription);
    this.#nodes.next(nodes.toSorted((a, b) => a.id - b.id));
  }

  #watchSilence(): void {
    this.#timer = this.#clock.after(checkIntervalMs, () => {
      const oldest = this.#clock.monotonicMs() - silenceMsMax;
      const alive = [...this.#alive.value].filter((id) => (this.#heardAtMs.get(id) ?? 0) >= oldest);
      if (alive.length < this.#alive.value.size) this.#alive.next(new Set(alive));
      this.#watchSilence();
    });
  }
}
