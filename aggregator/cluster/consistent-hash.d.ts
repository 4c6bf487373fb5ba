// The part of the package consistent-hash that placement.ts uses, as types.

declare module 'consistent-hash' {
  /** A ring of nodes. */
  class ConsistentHash {
    /** `range`: the number of points of the ring. */
    constructor(options: { range: number });
    /** Adds the node at `count` given points. */
    add(node: string, count: number, points: readonly number[]): this;
    /** The first `count` different nodes at or after the name's place on the ring. */
    get(name: string, count: number): string[];
  }
  export = ConsistentHash;
}
