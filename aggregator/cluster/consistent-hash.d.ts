// The part of the package consistent-hash that placement.ts uses, as types.

declare module 'consistent-hash' {
  /** A ring of nodes; the same nodes added in the same order give the same ring. */
  export default class ConsistentHash {
    constructor(options?: { distribution?: 'random' | 'uniform'; range?: number; weight?: number });
    add(node: string): this;
    /** The first `count` different nodes at or after the name's place on the ring. */
    get(name: string, count: number): string[];
  }
}
