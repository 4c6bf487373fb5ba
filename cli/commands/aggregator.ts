// `twinleaf aggregator`: the master aggregator of a cluster, alone in its process.

import { Command } from '@oclif/core';
import { realClock } from '#shared/clock.ts';
import { createLogger } from '#shared/logger.ts';
import { checkRootPassword, runNode } from '#cli/node-command.ts';
import { settingFlags, SettingValues } from '#cli/setting.ts';

export class AggregatorCommand extends Command {
  static override summary = 'Start the master aggregator of a cluster.';
  static override description =
    'MySQL clients connect to PORT, and so do leaves that join (`twinleaf leaf --join`). ' +
    'Prints one line that begins with `ready` when it takes connections; SIGTERM stops it.';
  static override flags = settingFlags([
    'data-dir',
    'port',
    'host',
    'advertise',
    'partitions-per-leaf',
    'root-password',
    'log-level',
  ]);

  async run(): Promise<void> {
    const { flags } = await this.parse(AggregatorCommand);
    const values = new SettingValues(flags);
    const host = values.required('host');
    const rootPassword = values.optional('root-password');
    checkRootPassword(host, rootPassword);
    const settings = {
      dataDir: values.required('data-dir'),
      host,
      port: values.port('port'),
      advertise: values.optionalAddress('advertise'),
      partitionsPerLeaf: values.count('partitions-per-leaf', 1, 64),
      rootPassword,
      clock: realClock,
      logger: createLogger(values.logLevel(), { node: 'aggregator' }),
      version: this.config.version,
    };
    const { Aggregator } = await import('#aggregator/main.ts');
    await runNode(async () => {
      const node = await Aggregator.open(settings);
      const port = await node.listen();
      return { node, ready: `aggregator of cluster ${node.clusterId} mysql ${host}:${port}` };
    });
  }
}
