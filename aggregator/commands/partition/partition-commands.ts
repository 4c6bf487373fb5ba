// MOVE PARTITION and REBALANCE PARTITIONS: where the partitions of a database live.

import type { AggregatorContext } from '#aggregator/aggregator-context.ts';
import type { PartitionMover } from '#aggregator/cluster/partition-mover.ts';
import { placePartitions } from '#aggregator/cluster/placement.ts';
import type { Command, CommandTable } from '#aggregator/commands/command.ts';
import { ok } from '#aggregator/statement-result.ts';
import { REFERENCE_ORDINAL } from '#shared/cluster/topology.ts';
import { databaseError } from '#shared/error.ts';

/** Which partitions have another place now than an even spread over the leaves online asks for. */
function plannedMoves(
  { catalog, leaves }: AggregatorContext,
  name: string,
): readonly { readonly ordinal: number; readonly to: number }[] {
  const database = catalog.database(name);
  const nodes = leaves.nodes().filter(({ id, kind }) => kind === 'leaf' && leaves.isOnline(id));
  if (nodes.length === 0) throw databaseError('noLeaves', {});
  const { partitionCount } = database;
  const leafIds = nodes.map(({ id }) => id);
  const wanted = placePartitions({ database: name, partitionCount, leafIds });
  return wanted.flatMap(({ ordinal, leafId }) => {
    const current = database.placements.find((placement) => placement.ordinal === ordinal);
    const stays = ordinal === REFERENCE_ORDINAL || current?.leafId === leafId;
    return stays ? [] : [{ ordinal, to: leafId }];
  });
}

/** The family of these commands. */
export function partitionCommands(mover: PartitionMover): CommandTable {
  const move: Command<'movePartition'> = async (context, _session, statement) => {
    const { database, ordinal, host, port } = statement;
    const node = context.leaves
      .nodes()
      .find(
        ({ kind, address }) => kind === 'leaf' && address.host === host && address.port === port,
      );
    if (node === undefined) {
      const reason = 'no leaf of this cluster has that address';
      throw databaseError('leafUnreachable', { leaf: `${host}:${port}`, reason });
    }
    await mover.move({ database, ordinal }, node.id);
    return ok(1);
  };
  const rebalance: Command<'rebalancePartitions'> = async (context, _session, { database }) => {
    const moves = plannedMoves(context, database);
    for (const { ordinal, to } of moves) await mover.move({ database, ordinal }, to);
    return ok(moves.length);
  };
  return { movePartition: move, rebalancePartitions: rebalance };
}
