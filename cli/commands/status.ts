// `twinleaf status`: the leaves, the databases and the links of a cluster, at a glance.

import { Command } from '@oclif/core';
import { formatTable, withConnection } from '#cli/client.ts';
import { settingFlags, SettingValues } from '#cli/setting.ts';

const sections = [
  ['Leaves', 'SHOW LEAVES'],
  ['Databases', 'SHOW DATABASES EXTENDED'],
  ['Replication', 'SHOW REPLICATION STATUS'],
] as const;

export class StatusCommand extends Command {
  static override summary = "Show a cluster's leaves, databases and replication.";
  static override flags = settingFlags(['host', 'port', 'user', 'password']);

  async run(): Promise<void> {
    const { flags } = await this.parse(StatusCommand);
    await withConnection(new SettingValues(flags), async (connection) => {
      for (const [title, sql] of sections) {
        const [rows, fields] = await connection.query({ sql, rowsAsArray: true });
        const names = fields.map((field) => field.name);
        const table = formatTable(names, rows as unknown[][]);
        process.stdout.write(`${title}\n${table}\n\n`);
      }
    });
  }
}
