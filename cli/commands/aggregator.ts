// `twinleaf aggregator`: the master aggregator of a cluster, or a child aggregator.

import { join } from 'node:path';
import { Command } from '@oclif/core';
import type { ChildAggregatorSettings } from '#aggregator/child/child-settings.ts';
import { startProcesses } from '#cli/aggregator-processes.ts';
import { UsageError } from '#cli/failure.ts';
import { realClock } from '#shared/clock.ts';
import { createLogger, type LogLevel } from '#shared/logger.ts';
import { checkRootPassword, runNode } from '#cli/node-command.ts';
import { settingFlags, SettingValues } from '#cli/setting.ts';

export class AggregatorCommand extends Command {
  static override summary =
    'Start an aggregator: the master of a cluster or, with --join, a child.';
  static override description =
    'MySQL clients connect to PORT, and so do leaves that join (`twinleaf leaf --join`). A child ' +
    'aggregator serves clients as the master does and keeps on while the master is away. ' +
    'Prints one line that begins with `ready` when it takes connections; SIGTERM stops it.';
  static override examples = [
    '<%= config.bin %> aggregator --data-dir ./master --port 3306 --processes 2',
    '<%= config.bin %> aggregator --data-dir ./child --port 3310 --join HOST:3306 --token TOKEN',
  ];
  static override flags = settingFlags([
    'data-dir',
    'backup-dir',
    'metadata-nats',
    'metadata-copies',
    'port',
    'host',
    'socket',
    'advertise',
    'partitions-per-leaf',
    'root-password',
    'max-connections',
    'processes',
    'join',
    'token',
    'share-port',
    'tls-cert',
    'tls-key',
    'tls-ca',
    'log-level',
  ]);

  async run(): Promise<void> {
    const { flags } = await this.parse(AggregatorCommand);
    const values = new SettingValues(flags);
    const settings = {
      dataDir: values.required('data-dir'),
      host: values.required('host'),
      port: values.port('port'),
      socket: values.optionalPath('socket'),
      advertise: values.optionalAddress('advertise'),
      maxConnections: values.count('max-connections', 1, 100_000),
      tls: values.tlsFiles(),
      clock: realClock,
      logger: createLogger(values.logLevel(), { node: 'aggregator' }),
      logLevel: values.logLevel(),
      version: this.config.version,
    };
    if (values.optional('join') === null) await runMaster(settings, values);
    else await runChild(settings, values);
  }
}

interface Settings extends Omit<ChildAggregatorSettings, 'clusterId' | 'clusterSecret' | 'master'> {
  readonly logLevel: LogLevel;
}

async function runMaster(settings: Settings, values: SettingValues): Promise<void> {
  const rootPassword = values.optional('root-password');
  checkRootPassword(settings.host, rootPassword);
  const processes = values.count('processes', 1, 64);
  const partitionsPerLeaf = values.count('partitions-per-leaf', 1, 64);
  const { Aggregator } = await import('#aggregator/main.ts');
  await runNode(settings.dataDir, async () => {
    const sharesPort = processes > 1;
    const backupDir = values.optional('backup-dir') ?? join(settings.dataDir, 'backups');
    const metadataNats = values.natsServers();
    const own = { backupDir, metadataNats, rootPassword, partitionsPerLeaf, sharesPort };
    const master = { ...settings, ...own };
    const aggregator = await Aggregator.open(master);
    const port = await aggregator.listen();
    const node = await startProcesses(aggregator, { ...settings, port }, processes - 1);
    const ready = `aggregator of cluster ${aggregator.clusterId} mysql ${settings.host}:${port}`;
    return { node, ready };
  });
}

async function runChild(settings: Settings, values: SettingValues): Promise<void> {
  const { clusterId, secret: clusterSecret } = values.cluster();
  if (settings.port === 0) throw new UsageError('--port must be a port: others are told of it');
  const { ChildAggregator } = await import('#aggregator/child/child-aggregator.ts');
  await runNode(settings.dataDir, async () => {
    const node = await ChildAggregator.start({
      ...settings,
      ...{ clusterId, clusterSecret },
      master: values.address('join'),
      sharesPort: values.yes('share-port'),
    });
    const { host, port } = settings;
    const ready = `aggregator ${node.nodeId} of cluster ${clusterId} mysql ${host}:${port}`;
    return { node, ready };
  });
}
