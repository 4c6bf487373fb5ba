// MOVE PARTITION, REBALANCE PARTITIONS and REMOVE LEAF: where the partitions of a database live.

import type { AggregatorContext } from '#aggregator/aggregator-context.ts';
import { leafAt, removeLeaf, type LeafRemovalParts } from '#aggregator/cluster/leaf-removal.ts';
import { placePartitions } from '#aggregator/cluster/placement.ts';
import { placeableLeaves } from '#aggregator/cluster/placeable-leaves.ts';
import type { Command, CommandTable } from '#aggregator/commands/command.ts';
import { ok } from '#aggregator/statement-result.ts';
import { addressText, REFERENCE_ORDINAL } from '#shared/cluster/topology.ts';
import { databaseError } from '#shared/error.ts';

/** Which partitions have another place now than an even spread over the leaves online asks for. */
function plannedMoves(
  { catalog, leaves }: AggregatorContext,
  name: string,
): readonly { readonly ordinal: number; readonly to: number }[] {
  const database = catalog.database(name);
  const leafIds = placeableLeaves(leaves);
  const { partitionCount } = database;
  const wanted = placePartitions({ database: name, partitionCount, leafIds });
  return wanted.flatMap(({ ordinal, leafId }) => {
    const current = database.placements.find((placement) => placement.ordinal === ordinal);
    const stays = ordinal === REFERENCE_ORDINAL || current?.leafId === leafId;
    return stays ? [] : [{ ordinal, to: leafId }];
  });
}

/** The family of these commands. */
export function partitionCommands(parts: LeafRemovalParts): CommandTable {
  const { leaves, mover } = parts;
  const move: Command<'movePartition'> = async (_context, _session, statement) => {
    const { database, ordinal } = statement;
    const node = leafAt(parts, statement);
    const leaf = addressText(statement);
    if (leaves.isLeaving(node.id)) throw databaseError('nodeRemoval', { leaf });
    await mover.move({ database, ordinal: ordinal ?? REFERENCE_ORDINAL }, node.id);
    return ok(1);
  };
  const rebalance: Command<'rebalancePartitions'> = async (context, _session, { database }) => {
    const moves = plannedMoves(context, database);
    for (const { ordinal, to } of moves) await mover.move({ database, ordinal }, to);
    return ok(moves.length);
  };
  const remove: Command<'removeLeaf'> = async (_context, _session, statement) => {
    await removeLeaf(parts, leafAt(parts, statement), statement);
    return ok(1);
  };
  return { movePartition: move, rebalancePartitions: rebalance, removeLeaf: remove };
}
