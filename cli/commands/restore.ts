// `twinleaf restore`: RESTORE DATABASE as a command.

import { Args, Command, Flags } from '@oclif/core';
import { nameText } from '#shared/sql/name-text.ts';
import { printInfo, quoteText } from '#cli/client.ts';
import { settingFlags, SettingValues } from '#cli/setting.ts';

export class RestoreCommand extends Command {
  static override summary = 'Restore a database from a directory at the master aggregator.';
  static override description =
    'DIRECTORY is one that `twinleaf backup` or BACKUP DATABASE has filled. The database must ' +
    'not exist; --as gives it another name.';
  static override examples = ['<%= config.bin %> restore shop shop-monday --as shop2 --port 3306'];
  static override args = {
    database: Args.string({ required: true, description: 'database that was backed up' }),
    directory: Args.string({ required: true, description: 'where from' }),
  };
  static override flags = {
    ...settingFlags(['host', 'port', 'user', 'password']),
    as: Flags.string({ description: 'name of the restored database', helpValue: 'NAME' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(RestoreCommand);
    const { as, ...settings } = flags;
    const target = typeof as === 'string' ? ` AS ${nameText(as)}` : '';
    const { database, directory } = args;
    const from = quoteText(directory);
    const sql = `RESTORE DATABASE ${nameText(database)}${target} FROM ${from}`;
    await printInfo(new SettingValues(settings), sql);
  }
}
