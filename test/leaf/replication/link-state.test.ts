// The link's states: every cell of the table, and that a link moves by nothing else.

import test from 'ava';
import {
  linkEvents,
  LinkState,
  linkTransitions,
  type LinkEvent,
} from '#leaf/replication/link-state.ts';
import type { LinkStateName } from '#shared/wire/message.ts';

/** The answer of each state to each event, in the order of linkEvents; '-' is ignored. */
const expected: Readonly<Record<LinkStateName, string>> = {
  connecting: 'connecting streaming snapshot - diverged backing-off failed - paused',
  snapshot: 'connecting - - streaming - backing-off failed - paused',
  streaming: 'connecting - - - - backing-off failed - paused',
  paused: 'connecting - - - - - - - -',
  'backing off': 'connecting - - - - - - connecting paused',
  diverged: 'connecting - - - - - - - paused',
  failed: 'connecting - - - - - - - paused',
};

/** The events that lead from `connecting` to each state. */
const ways: Readonly<Record<LinkStateName, readonly LinkEvent[]>> = {
  connecting: [],
  snapshot: ['snapshot'],
  streaming: ['records from'],
  paused: ['pause'],
  'backing off': ['trouble'],
  diverged: ['diverged'],
  failed: ['damaged'],
};

test('link state: every state answers every event as the table here says', (t) => {
  for (const [name, cells] of Object.entries(expected) as [LinkStateName, string][]) {
    const answers = cells.split(' ').map((cell) => cell.replace('-off', ' off'));
    t.is(answers.length, linkEvents.length, name);
    for (const [index, event] of linkEvents.entries()) {
      const answer = answers[index] === '-' ? 'ignored' : answers[index];
      t.is(linkTransitions[name][event], answer as never, `${name} + ${event}`);
      const state = new LinkState('connecting');
      for (const step of ways[name]) state.take(step);
      t.is(state.name, name);
      t.is(state.take(event), answer !== 'ignored', `${name} + ${event}`);
      t.is(state.name, answer === 'ignored' ? name : (answer as LinkStateName));
    }
  }
});

test('link state: a link that was paused begins paused', (t) => {
  const state = new LinkState('paused');
  t.is(state.name, 'paused');
  t.false(state.take('records from'));
  t.true(state.take('start'));
  t.is(state.name, 'connecting');
});
