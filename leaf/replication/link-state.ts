// The states of a link and every transition between them: one complete table.
//
//     connecting ──records from──→ streaming ←──snapshot installed── snapshot ←─┐
//         │ └───────snapshot────────────────────────────────────────────────────┘
//         ├──diverged──→ diverged        any of the three ──trouble──→ backing off ──retry due──→
//         └──damaged───→ failed          connecting; ──pause──→ paused ──start──→ connecting

import type { LinkStateName } from '#shared/wire/message.ts';

/**
 * - start: REPLICATE, CONTINUE, a new source, or the leaf has started.
 * - records from, snapshot, diverged: the sender's answer to our position.
 * - snapshot installed: the whole snapshot is our state now, and records follow.
 * - trouble: the connection, the network, the other leaf; it may pass by itself.
 * - damaged: what came is not what the primary's log says; applying it would be wrong.
 * - retry due: the wait after trouble is over.
 * - pause: PAUSE REPLICATING.
 */
export const linkEvents = [
  'start',
  'records from',
  'snapshot',
  'snapshot installed',
  'diverged',
  'trouble',
  'damaged',
  'retry due',
  'pause',
] as const;

export type LinkEvent = (typeof linkEvents)[number];

/** `ignored`: the event is too late or out of place there, and changes nothing. */
export const linkTransitions: Readonly<
  Record<LinkStateName, Readonly<Record<LinkEvent, LinkStateName | 'ignored'>>>
> = {
  connecting: {
    start: 'connecting',
    'records from': 'streaming',
    snapshot: 'snapshot',
    'snapshot installed': 'ignored',
    diverged: 'diverged',
    trouble: 'backing off',
    damaged: 'failed',
    'retry due': 'ignored',
    pause: 'paused',
  },
  snapshot: {
    start: 'connecting',
    'records from': 'ignored',
    snapshot: 'ignored',
    'snapshot installed': 'streaming',
    diverged: 'ignored',
    trouble: 'backing off',
    damaged: 'failed',
    'retry due': 'ignored',
    pause: 'paused',
  },
  streaming: {
    start: 'connecting',
    'records from': 'ignored',
    snapshot: 'ignored',
    'snapshot installed': 'ignored',
    diverged: 'ignored',
    trouble: 'backing off',
    damaged: 'failed',
    'retry due': 'ignored',
    pause: 'paused',
  },
  paused: {
    start: 'connecting',
    'records from': 'ignored',
    snapshot: 'ignored',
    'snapshot installed': 'ignored',
    diverged: 'ignored',
    trouble: 'ignored',
    damaged: 'ignored',
    'retry due': 'ignored',
    pause: 'ignored',
  },
  'backing off': {
    start: 'connecting',
    'records from': 'ignored',
    snapshot: 'ignored',
    'snapshot installed': 'ignored',
    diverged: 'ignored',
    trouble: 'ignored',
    damaged: 'ignored',
    'retry due': 'connecting',
    pause: 'paused',
  },
  diverged: {
    start: 'connecting',
    'records from': 'ignored',
    snapshot: 'ignored',
    'snapshot installed': 'ignored',
    diverged: 'ignored',
    trouble: 'ignored',
    damaged: 'ignored',
    'retry due': 'ignored',
    pause: 'paused',
  },
  failed: {
    start: 'connecting',
    'records from': 'ignored',
    snapshot: 'ignored',
    'snapshot installed': 'ignored',
    diverged: 'ignored',
    trouble: 'ignored',
    damaged: 'ignored',
    'retry due': 'ignored',
    pause: 'paused',
  },
};

/** One link's state: moves by the table and by nothing else. */
export class LinkState {
  #name: LinkStateName;

  constructor(initial: 'connecting' | 'paused') {
    this.#name = initial;
  }

  get name(): LinkStateName {
    return this.#name;
  }

  /** Moves, and says whether the event had a meaning here. */
  take(event: LinkEvent): boolean {
    const next = linkTransitions[this.#name][event];
    if (next === 'ignored') return false;
    this.#name = next;
    return true;
  }
}
