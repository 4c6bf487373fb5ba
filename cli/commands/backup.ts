// `twinleaf backup`: BACKUP DATABASE as a command.

import { Args, Command } from '@oclif/core';
import { nameText } from '#shared/sql/name-text.ts';
import { printInfo, quoteText } from '#cli/client.ts';
import { settingFlags, SettingValues } from '#cli/setting.ts';

export class BackupCommand extends Command {
  static override summary = 'Back up a database into a directory at the master aggregator.';
  static override description =
    'DIRECTORY must be new or empty, within the directory that the aggregator keeps for backups ' +
    '(its --backup-dir), where a relative one begins. Writers are not held up.';
  static override examples = ['<%= config.bin %> backup shop shop-monday --port 3306'];
  static override args = {
    database: Args.string({ required: true, description: 'database to back up' }),
    directory: Args.string({ required: true, description: 'where to' }),
  };
  static override flags = settingFlags(['host', 'port', 'user', 'password']);

  async run(): Promise<void> {
    const { args, flags } = await this.parse(BackupCommand);
    const { database, directory } = args;
    const sql = `BACKUP DATABASE ${nameText(database)} TO ${quoteText(directory)}`;
    await printInfo(new SettingValues(flags), sql);
  }
}
