// A child aggregator in a process of its own, for as long as a test takes.

import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { freePorts } from '#benchmarks/measure/free-ports.ts';
import { NodeProcess } from './node-process.ts';
import type { ProcessCluster } from './process-cluster.ts';
import { temporaryDirectory } from './temporary-directory.ts';

/** Starts one that joins the cluster, whose master it reaches at `masterHost`. */
export async function startChild(
  t: ExecutionContext<unknown>,
  cluster: ProcessCluster,
  masterHost = '127.0.0.1',
): Promise<{ readonly child: NodeProcess; readonly port: number }> {
  const [port = 0] = await freePorts(1);
  const place = ['--data-dir', join(temporaryDirectory(t), 'child'), '--port', String(port)];
  const to = ['--join', `${masterHost}:${cluster.port}`, '--token', cluster.token];
  const child = new NodeProcess(['aggregator', ...place, ...to]);
  t.teardown(() => child.stop('SIGKILL'));
  await child.start();
  return { child, port };
}
