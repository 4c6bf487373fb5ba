// `twinleaf sql`: runs statements at an aggregator and prints what they answer.

import { Args, Command } from '@oclif/core';
import type { FieldPacket } from 'mysql2';
import { formatTable, withConnection } from '#cli/client.ts';
import { settingFlags, SettingValues } from '#cli/setting.ts';

export class SqlCommand extends Command {
  static override summary = 'Run SQL statements and print their rows.';
  static override examples = ["<%= config.bin %> sql 'SHOW DATABASES' --port 3306"];
  static override args = {
    statements: Args.string({ required: true, description: 'statements, between semicolons' }),
  };
  static override flags = settingFlags(['host', 'port', 'user', 'password', 'database']);

  async run(): Promise<void> {
    const { args, flags } = await this.parse(SqlCommand);
    await withConnection(new SettingValues(flags), async (connection) => {
      const [rows, fields] = await connection.query({ sql: args.statements, rowsAsArray: true });
      const isMany = Array.isArray(fields) && fields.some((field) => !isField(field));
      if (!isMany) return print(rows, fields);
      for (const [index, each] of (rows as unknown[]).entries()) {
        print(each, (fields as unknown[])[index]);
      }
    });
  }
}

function isField(value: unknown): value is FieldPacket {
  return typeof value === 'object' && value !== null && 'name' in value;
}

function print(rows: unknown, fields: unknown): void {
  if (Array.isArray(rows) && Array.isArray(fields)) {
    const names = fields.filter(isField).map((field) => field.name);
    process.stdout.write(`${formatTable(names, rows as unknown[][])}\n`);
    return;
  }
  const { affectedRows } = rows as { affectedRows?: number };
  process.stdout.write(`OK, ${affectedRows ?? 0} rows affected\n`);
}
