// Where a test may end the aggregator: named places between the steps of a commit in two phases.

import { killAtPlace } from '#shared/kill-at.ts';

/** In the order of the commit; each stands right after what it names, `before …` before it. */
export const coordinatorFailpointNames = [
  'coordinator-before-prepare',
  'coordinator-some-prepared',
  'coordinator-all-prepared',
  'coordinator-decided',
  'coordinator-some-told',
  'coordinator-before-answer',
] as const;

export type CoordinatorFailpointName = (typeof coordinatorFailpointNames)[number];

/** Called at each named place; it returns, or the process is no more. */
export type CoordinatorFailpoint = (name: CoordinatorFailpointName) => void;

/** What an aggregator runs with outside tests. */
export const noCoordinatorFailpoint: CoordinatorFailpoint = () => undefined;

/** Ends the process when it comes to `place`: a name, or `name:3` for the third time there. */
export function coordinatorFailpointAt(place: string): CoordinatorFailpoint {
  return killAtPlace(place);
}
