// What a definition does to the file that holds the rows: the same here and in a worker.

import { encode } from '#shared/codec.ts';
import type { DefinitionChange } from '#shared/log/log-record.ts';
import type { SqliteFile } from '#shared/sqlite-file.ts';

/** Carries out one step of the schema, within a transaction without foreign keys. */
export function runDefinition(connection: SqliteFile, change: DefinitionChange): void {
  for (const sql of change.sqlite) connection.exec(sql);
  for (const name of change.drop) {
    connection.run('DELETE FROM _twinleaf_schema WHERE name = ?', [name]);
  }
  for (const table of change.put) {
    const sql = 'INSERT OR REPLACE INTO _twinleaf_schema VALUES (?, ?)';
    connection.run(sql, [table.name, encode(table)]);
  }
  const sql = 'UPDATE _twinleaf_meta SET catalog_version = ? WHERE id = 1';
  connection.run(sql, [BigInt(change.version)]);
}
