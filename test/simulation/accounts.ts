// Which partition holds an account.

/** Accounts are dealt round the partitions. */
export function partitionOf(account: number, partitionCount: number): number {
  return account % partitionCount;
}
