// `twinleaf leaf`: one leaf of a cluster, alone in its process.

import { Command } from '@oclif/core';
import { realClock } from '#shared/clock.ts';
import { createLogger } from '#shared/logger.ts';
import { runNode } from '#cli/node-command.ts';
import { settingFlags, SettingValues } from '#cli/setting.ts';

export class LeafCommand extends Command {
  static override summary = 'Start a leaf and join it to a cluster.';
  static override description =
    'The leaf holds partitions. It may be started before its aggregator, and is ready when the ' +
    'cluster has taken it in and every partition is open; those that are open serve before. ' +
    'Prints one line that begins with `ready`; SIGTERM stops it.';
  static override examples = [
    '<%= config.bin %> leaf --data-dir ./leaf-1 --port 3307 --join 127.0.0.1:3306 --token TOKEN',
  ];
  static override flags = settingFlags([
    'data-dir',
    'port',
    'host',
    'advertise',
    'join',
    'token',
    'check-interval',
    'transaction-mb',
    'log-level',
  ]);

  async run(): Promise<void> {
    const { flags } = await this.parse(LeafCommand);
    const values = new SettingValues(flags);
    const { clusterId, secret: clusterSecret } = values.cluster();
    const host = values.required('host');
    const settings = {
      dataDir: values.required('data-dir'),
      host,
      port: values.port('port'),
      advertise: values.optionalAddress('advertise'),
      ...{ clusterId, clusterSecret },
      checkIntervalMs: values.count('check-interval', 0, 1_000_000) * 60_000,
      transactionBytesMax: values.count('transaction-mb', 1, 1023) * 1024 * 1024,
      master: { kind: 'far', address: values.address('join') } as const,
      clock: realClock,
      logger: createLogger(values.logLevel(), { node: 'leaf' }),
      version: this.config.version,
    };
    const { Leaf } = await import('#leaf/main.ts');
    await runNode(settings.dataDir, async () => {
      const node = await Leaf.start(settings);
      const nodeId = await node.registered();
      return { node, ready: `leaf ${nodeId} of cluster ${node.clusterId} ${host}:${node.port}` };
    });
  }
}
