// Asks every leaf for its partitions, all at once; a leaf that is away costs a bounded wait.

import type { LeafDirectory } from '#aggregator/aggregator-context.ts';
import type { Clock } from '#shared/clock.ts';
import type { DatabaseDefinition } from '#aggregator/metadata/database-definition.ts';
import type { DatabaseState, NodeDescription } from '#shared/cluster/topology.ts';
import { DatabaseError } from '#shared/error.ts';
import type { PartitionStatus } from '#shared/wire/message.ts';

/** A leaf that has not answered by then counts as away, in milliseconds. */
const answerTimeoutMs = 2000;

export interface LeafPartitions {
  readonly node: NodeDescription;
  readonly partitions: readonly PartitionStatus[];
  /** Why there is no answer; '' when there is. */
  readonly error: string;
  /** What its call was refused with; null where it has answered, or has not in time. */
  readonly refusal: DatabaseError | null;
}

/** One entry a leaf, in the order of their ids. `database` null: every partition. */
export async function gatherLeafStatuses(
  parts: { readonly leaves: LeafDirectory; readonly clock: Clock },
  database: string | null,
): Promise<LeafPartitions[]> {
  const nodes = parts.leaves.nodes().filter(({ kind }) => kind === 'leaf');
  const late = new AbortController();
  const timer = parts.clock.after(answerTimeoutMs, () => late.abort());
  try {
    const sorted = nodes.toSorted((a, b) => a.id - b.id);
    return await Promise.all(sorted.map((node) => ask(parts.leaves, node, database, late.signal)));
  } finally {
    timer.cancel();
  }
}

async function ask(
  leaves: LeafDirectory,
  node: NodeDescription,
  database: string | null,
  signal: AbortSignal,
): Promise<LeafPartitions> {
  try {
    const leaf = leaves.leaf(node.id);
    const { partitions } = await leaf.call('partitionStatus', { database }, signal);
    return { node, partitions, error: '', refusal: null };
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    if (signal.aborted) return { node, partitions: [], error: 'no answer', refusal: null };
    return { node, partitions: [], error: error.message, refusal: error };
  }
}

/** A state as it is told: SingleStore's, or that of a link which does not go on by itself. */
export type ShownState = DatabaseState | StoppedLink;

type StoppedLink = 'failed' | 'diverged';

/** How the link of a copy has ended; null of one that goes on by itself, or is paused. */
function stoppedLink({ link }: PartitionStatus): StoppedLink | null {
  return link?.state === 'failed' || link?.state === 'diverged' ? link.state : null;
}

/** What follows has the state of its link, where that has stopped: it can be read all the same. */
export function shownCopyState(copy: PartitionStatus): PartitionStatus['state'] | StoppedLink {
  return (copy.state === 'replicating' ? stoppedLink(copy) : null) ?? copy.state;
}

/** The database's state; that of its partitions, or of their links, where they are worse off. */
export function shownState(
  database: DatabaseDefinition,
  masters: readonly PartitionStatus[],
): ShownState {
  if (database.state === 'pending') return 'pending';
  if (masters.some(({ state }) => state === 'unrecoverable')) return 'unrecoverable';
  if (masters.length < database.placements.length) return 'offline';
  if (masters.some((copy) => isOpening(database, copy))) return 'recovering';
  if (database.state !== 'replicating') return database.state;
  const states = masters.map(shownCopyState);
  return (['diverged', 'failed'] as const).find((state) => states.includes(state)) ?? 'replicating';
}

/** Being opened by its leaf. One that has a link takes its snapshot in, of a first copy. */
function isOpening(database: DatabaseDefinition, { state, link }: PartitionStatus): boolean {
  return state === 'recovering' && (database.state !== 'provisioning' || link === null);
}

/** The master copies of a database's partitions, by ordinal, as far as their leaves answer. */
export function masterCopies(
  database: DatabaseDefinition,
  leaves: readonly LeafPartitions[],
): Map<number, PartitionStatus> {
  const masters = new Map<number, PartitionStatus>();
  for (const { ordinal, leafId } of database.placements) {
    const status = leaves
      .find(({ node }) => node.id === leafId)
      ?.partitions.find(({ key }) => key.database === database.name && key.ordinal === ordinal);
    if (status !== undefined) masters.set(ordinal, status);
  }
  return masters;
}
