// A short run of the fuzzer; `npm run fuzz` is the long one.

import test from 'ava';
import { fuzzFrontDoor } from '#test/fuzz/front-door-fuzzer.ts';
import { temporaryDirectory } from '#test/support/temporary-directory.ts';

const PACKETS = 5000;
const SEED = 20_261;

test(`${PACKETS} mutated packets hurt nobody and do nothing unseen, seed ${SEED}`, async (t) => {
  t.timeout(120_000);
  const dataDir = temporaryDirectory(t);
  const report = await fuzzFrontDoor({ packets: PACKETS, seed: SEED, dataDir });
  t.deepEqual(report.faults, []);
  t.true(report.packets >= PACKETS);
  t.true(report.commands > PACKETS / 4, `${report.commands} commands were understood`);
});
