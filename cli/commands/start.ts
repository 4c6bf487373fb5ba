// `twinleaf start`: a whole cluster in one process.

import { join } from 'node:path';
import { Command } from '@oclif/core';
import { realClock } from '#shared/clock.ts';
import { createLogger } from '#shared/logger.ts';
import { startProcesses } from '#cli/aggregator-processes.ts';
import { checkRootPassword, runNode } from '#cli/node-command.ts';
import { settingFlags, SettingValues } from '#cli/setting.ts';

export class StartCommand extends Command {
  static override summary = 'Start a whole cluster in one process: an aggregator and its leaves.';
  static override description =
    'The aggregator listens for MySQL clients on PORT, the leaves on the ports that follow. ' +
    'Prints one line that begins with `ready` when it takes connections. SIGTERM stops it; ' +
    'started again on the same directory it is the same cluster.';
  static override examples = [
    '<%= config.bin %> start --data-dir ./data --port 3306 --root-password secret',
  ];
  static override flags = settingFlags([
    'data-dir',
    'backup-dir',
    'check-interval',
    'transaction-mb',
    'port',
    'host',
    'socket',
    'name',
    'advertise-host',
    'leaves',
    'leaf-port',
    'partitions-per-leaf',
    'root-password',
    'max-connections',
    'processes',
    'tls-cert',
    'tls-key',
    'tls-ca',
    'log-level',
  ]);

  async run(): Promise<void> {
    const { flags } = await this.parse(StartCommand);
    const values = new SettingValues(flags);
    const host = values.required('host');
    const port = values.port('port');
    const rootPassword = values.optional('root-password');
    checkRootPassword(host, rootPassword);
    const name = values.optional('name');
    const processes = values.count('processes', 1, 64);
    const settings = {
      dataDir: values.required('data-dir'),
      backupDir: values.optional('backup-dir') ?? join(values.required('data-dir'), 'backups'),
      host,
      port,
      socket: values.optionalPath('socket'),
      sharesPort: processes > 1,
      advertiseHost: values.optional('advertise-host') ?? host,
      leaves: values.count('leaves', 1, 256),
      leafPort: values.optionalPort('leaf-port') ?? (port === 0 ? 0 : port + 1),
      partitionsPerLeaf: values.count('partitions-per-leaf', 1, 64),
      rootPassword,
      checkIntervalMs: values.count('check-interval', 0, 1_000_000) * 60_000,
      transactionBytesMax: values.count('transaction-mb', 1, 1023) * 1024 * 1024,
      maxConnections: values.count('max-connections', 1, 100_000),
      tls: values.tlsFiles(),
      clock: realClock,
      logger: createLogger(values.logLevel(), name === null ? {} : { cluster: name }),
      logLevel: values.logLevel(),
      version: this.config.version,
    };
    const { startEmbeddedCluster } = await import('#cli/embedded-cluster.ts');
    await runNode(settings.dataDir, async () => {
      const cluster = await startEmbeddedCluster(settings);
      const leafPorts = cluster.leafPorts.map((leafPort) => `${host}:${leafPort}`).join(',');
      const at = `mysql ${host}:${cluster.port} leaves ${leafPorts}`;
      const beside = { ...settings, port: cluster.port };
      const node = await startProcesses(cluster, beside, processes - 1);
      const { recovered } = cluster;
      return { node: { ...node, recovered }, ready: `cluster ${cluster.clusterId} ${at}` };
    });
  }
}
