// A NATS server for one test, with JetStream in a directory of its own.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { ExecutionContext } from 'ava';
import type { MetadataStore } from '#aggregator/metadata/metadata-store.ts';
import { NatsMetadataStore } from '#aggregator/metadata/nats-metadata-store.ts';
import { must } from '#shared/assert.ts';
import { freePorts } from '#benchmarks/measure/free-ports.ts';
import { temporaryDirectory } from '#test/support/temporary-directory.ts';
import { until } from '#test/support/wait.ts';

/** The path of nats-server, or null where none is installed. */
export function findNatsServer(): string | null {
  const places = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin'];
  for (const place of places) {
    const path = join(place, 'nats-server');
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not here; the next place may have it.
    }
  }
  return null;
}

/** Starts a server and answers how to open a store on it. */
export async function natsServerFor(
  t: ExecutionContext<unknown>,
): Promise<() => Promise<MetadataStore>> {
  const address = await startNatsServer(t);
  const options = { servers: [address], bucket: 'twinleaf', login: null, replicas: 1 };
  return () => NatsMetadataStore.open(options);
}

/** Starts a server, which ends with the test, and answers its `host:port` when it can be used. */
export async function startNatsServer(t: ExecutionContext<unknown>): Promise<string> {
  const path = must(findNatsServer(), 'nats-server is installed');
  const [port = 0] = await freePorts(1);
  const store = temporaryDirectory(t);
  const args = ['-a', '127.0.0.1', '-p', String(port), '-js', '-sd', store];
  const server = spawn(path, args, { stdio: 'ignore' });
  t.teardown(async () => {
    if (server.exitCode !== null) return;
    const exited = once(server, 'exit');
    server.kill('SIGKILL');
    await exited;
  });
  const address = `127.0.0.1:${port}`;
  const options = { servers: [address], bucket: 'is-it-there', login: null, replicas: 1 };
  const first = await until('the NATS server to answer', () => NatsMetadataStore.open(options));
  await first.close();
  return address;
}
