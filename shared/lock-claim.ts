// Who asks for a partition's write lock, or holds it: at the leaf, or as an aggregator knows.

/** Who asks for the lock, or holds it. */
export interface LockClaim {
  /** Its id, by which it is known on other partitions too; null: it holds no other lock. */
  readonly transaction: string | null;
  /** Hybrid timestamp: the smaller, the older. */
  readonly startedAt: bigint;
  /** Asks the holder to roll back and release. It does not when it is committing or prepared. */
  readonly wound: () => void;
}

/** The claim of one who only waits for its turn, and holds no other partition's lock. */
export function patientClaim(startedAt: bigint): LockClaim {
  return { transaction: null, startedAt, wound: () => undefined };
}
