// The compose files are ones that docker-compose takes, where it is installed.

import test from 'ava';
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

function isInstalled(): boolean {
  try {
    execFileSync('docker-compose', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const declare = isInstalled() ? test : test.skip;

for (const name of ['one-cluster.yaml', 'two-clusters.yaml']) {
  declare(`compose: ${name} is complete`, (t) => {
    const path = fileURLToPath(new URL(`../../compose/${name}`, import.meta.url));
    const config = execFileSync('docker-compose', ['-f', path, 'config'], { encoding: 'utf8' });
    t.regex(config, /healthcheck:/);
    t.regex(config, /TWINLEAF_ROOT_PASSWORD: twinleaf/);
  });
}
