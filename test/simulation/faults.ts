// What befalls a world, one fault at a time, each for a while; and the calm in which all is mended.

import { failpointNames, type FailpointName } from '#leaf/partition/failpoint.ts';
import { databaseName } from './simulated-cluster.ts';
import { disk } from './simulated-disk.ts';
import type { World } from './world.ts';

/** No part of a world's life: definitions, and partitions that are made, set aside or dropped. */
const apart: readonly FailpointName[] = [
  'after-define',
  'amid-create',
  'before-create-name',
  'after-create-name',
  'before-drop-name',
  'after-drop-name',
  'amid-set-aside',
  'after-set-aside',
];

/** The places of a leaf's life where it is made to die. */
const places = failpointNames.filter((name) => !apart.includes(name));

type Fault = (world: World) => void;

const faults: readonly Fault[] = [
  function kill(world) {
    world.crash(world.clock.chance.pick(world.leaves), false);
  },
  function powerCut(world) {
    world.crash(world.clock.chance.pick(world.leaves), true);
  },
  function dieAtPlace(world) {
    const { chance } = world.clock;
    const [leaf, place] = [chance.pick(world.leaves), chance.pick(places)];
    world.say(`${leaf.name} is to die ${place}`);
    leaf.dieAt(place, 1 + chance.below(3));
  },
  function killAggregator(world) {
    world.crashAggregator(world.clock.chance.pick(world.clusters));
  },
  function cutOne(world) {
    world.say('a connection is cut');
    world.network.cut(null);
  },
  function partSites(world) {
    world.say('the sites are apart');
    world.network.partSites();
    world.clock.after(world.clock.chance.below(4000), () => {
      world.network.isApart = false;
    });
  },
  function slowNetwork(world) {
    world.say('the network is slow');
    world.network.latencyMsMax = 200;
    world.clock.after(world.clock.chance.below(2000), () => {
      world.network.latencyMsMax = 2;
    });
  },
  function slowDisk(world) {
    const { directory, name } = world.clock.chance.pick(world.leaves);
    world.say(`${name} has a slow disk`);
    const condition = disk.conditionOf(directory);
    condition.syncMsMax = 400;
    world.clock.after(world.clock.chance.below(3000), () => {
      condition.syncMsMax = 2;
    });
  },
  function fullDisk(world) {
    const { directory, name } = world.clock.chance.pick(world.leaves);
    world.say(`${name} has a full disk`);
    const condition = disk.conditionOf(directory);
    condition.isFull = true;
    world.clock.after(world.clock.chance.below(1500), () => {
      condition.isFull = false;
    });
  },
  function damageOnTheWire(world) {
    world.say('a batch is damaged on its way');
    world.network.tamper = (item) => damaged(world, item);
  },
  compactOne,
  compactOne,
  function pauseAndContinue(world) {
    const { secondary, clock } = world;
    if (secondary.database?.role !== 'secondary') return;
    world.say('replication is paused');
    void quietly(async () => secondary.aggregator.replication.pause(databaseName));
    clock.after(clock.chance.below(3000), () => {
      void quietly(async () => secondary.aggregator.replication.continue(databaseName));
    });
  },
];

/** A log is trimmed as far as its followers allow. */
function compactOne(world: World): void {
  const { chance } = world.clock;
  const leaf = chance.pick(world.leaves);
  const { partitions } = leaf;
  if (partitions.length === 0) return;
  const partition = chance.pick(partitions);
  world.say(`${leaf.name}/${partition.name} is compacted`);
  void quietly(() => partition.maintain({ all: chance.oneIn(2) }));
}

/** One of them, by chance. */
export function strike(world: World): void {
  world.clock.chance.pick(faults)(world);
}

/** Everything works again, and what has stopped for good is told to go on. */
export function calm(world: World): void {
  world.say('calm');
  world.network.heal();
  for (const { directory } of world.leaves) {
    Object.assign(disk.conditionOf(directory), { syncMsMax: 2, isFull: false });
  }
}

/** Flips a bit of the first batch of records that comes by. */
function damaged(world: World, item: unknown): unknown {
  const { kind, frames } = item as { readonly kind?: string; readonly frames?: Uint8Array };
  if (kind !== 'records' || frames === undefined) return item;
  world.network.tamper = null;
  const changed = frames.slice();
  const at = world.clock.chance.below(changed.length);
  changed[at] = (changed[at] ?? 0) ^ (1 << world.clock.chance.below(8));
  return { kind, frames: changed };
}

/** What is refused in the middle of a fault is refused. */
async function quietly(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch {
    // Told to whoever asked, who is a part of the chaos.
  }
}
