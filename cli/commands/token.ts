// `twinleaf token`: the token with which leaves join a cluster.

import { Command } from '@oclif/core';
import { readClusterIdentity } from '#aggregator/cluster/cluster-identity.ts';
import { makeJoinToken } from '#aggregator/cluster/join-token.ts';
import { CommandError } from '#cli/failure.ts';
import { settingFlags, SettingValues } from '#cli/setting.ts';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

export class TokenCommand extends Command {
  static override summary = 'Print the token with which leaves join the cluster.';
  static override description =
    "Reads the cluster's secret from the aggregator's data directory (or that of `twinleaf " +
    'start`). Keep the token like a password: whoever holds it can join.';
  static override flags = settingFlags(['data-dir']);

  async run(): Promise<void> {
    const { flags } = await this.parse(TokenCommand);
    const dataDir = new SettingValues(flags).required('data-dir');
    const embedded = join(dataDir, 'aggregator');
    const identity = readClusterIdentity(existsSync(embedded) ? embedded : dataDir);
    if (identity === null) {
      throw new CommandError(
        `no cluster was started on ${dataDir} yet: start its aggregator first`,
      );
    }
    process.stdout.write(`${makeJoinToken(identity)}\n`);
  }
}
