// What an aggregator says of itself to its clients, as a MySQL server does.

import { hostname } from 'node:os';
import type { AggregatorSettings } from './config.ts';
import type { ServerFacts } from './system-variable-table.ts';

/** Clients at once, where the settings do not say. */
const connectionsMax = 1000;

/** What the system variables say of the server. */
export function serverFacts(
  settings: Pick<
    AggregatorSettings,
    'advertise' | 'dataDir' | 'maxConnections' | 'port' | 'socket' | 'tls' | 'version'
  >,
  clusterId: string,
): ServerFacts {
  const digits = clusterId.padEnd(32, '0');
  const groups = [8, 12, 16, 20, 32].map((end, index, ends) => {
    return digits.slice(index === 0 ? 0 : ends[index - 1], end);
  });
  return {
    version: serverVersion(settings.version),
    hostname: settings.advertise?.host ?? hostname(),
    port: settings.port,
    socket: settings.socket ?? null,
    serverUuid: groups.join('-'),
    dataDirectory: settings.dataDir,
    maxConnections: settings.maxConnections ?? connectionsMax,
    tls: settings.tls ?? null,
  };
}

/** What clients read as the server's version: the MySQL whose language it speaks, and ours. */
export function serverVersion(version: string): string {
  return `8.0.36-twinleaf-${version}`;
}
