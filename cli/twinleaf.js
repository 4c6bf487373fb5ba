#!/usr/bin/env node
// Starts the command line under a Node that runs TypeScript as it stands, whatever runs this.

import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { join, dirname } from 'node:path';

const nodeMajorMin = 26;

/** The Node that npm installed beside the packages. */
function installedNode() {
  const require = createRequire(import.meta.url);
  return join(dirname(require.resolve('node/package.json')), 'bin', 'node');
}

/**
 * Runs this same command under that Node; signals go through, and its status is ours. The channel
 * tells a node that runs there when this process is gone.
 */
function runAgain() {
  const stdio = ['inherit', 'inherit', 'inherit', 'ipc'];
  const child = spawn(installedNode(), process.argv.slice(1), { stdio });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => child.kill(signal));
  }
  child.on('error', (error) => {
    process.stderr.write(
      `twinleaf: Node ${nodeMajorMin} is needed, and the one of npm install did not start ` +
        `(${error.message}); run npm install\n`,
    );
    process.exitCode = 1;
  });
  child.on('exit', (code) => process.exit(code ?? 1));
}

if (Number(process.versions.node.split('.')[0]) >= nodeMajorMin) {
  await import('#shared/keep-compiled.js');
  const { main } = await import('./main.ts');
  process.exitCode = await main(process.argv.slice(2));
} else {
  runAgain();
}
