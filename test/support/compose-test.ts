// Tests that run compose files; where the machine cannot, they are skipped, and say why.

import test, { type ExecutionContext } from 'ava';
import { hasDockerCompose } from './compose-file.ts';
import { canMakeNetworks } from './compose-network.ts';

type Body = (t: ExecutionContext) => Promise<void>;

/** Declares a test of what docker-compose makes of the files. */
export function composeFileTest(title: string, body: Body): void {
  if (hasDockerCompose()) test(title, body);
  else test.skip(`${title} (needs docker-compose)`, () => undefined);
}

/** Declares a test that runs a compose file's services on hosts of their own. */
export function composeRunTest(title: string, body: Body): void {
  if (!hasDockerCompose()) test.skip(`${title} (needs docker-compose)`, () => undefined);
  else if (canMakeNetworks()) test(title, body);
  else test.skip(`${title} (needs network namespaces: root, and ip)`, () => undefined);
}
