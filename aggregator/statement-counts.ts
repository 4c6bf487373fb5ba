// How often each kind of statement was begun: the counters Com_… of SHOW STATUS.

import type { Statement } from '#aggregator/parser/ast.ts';

/** What MySQL calls the counter of a statement; a kind that it does not know has none. */
const names: Partial<Record<Statement['kind'], string>> = {
  select: 'select',
  values: 'select',
  setOperation: 'select',
  update: 'update',
  delete: 'delete',
  loadData: 'load',
  begin: 'begin',
  commit: 'commit',
  rollback: 'rollback',
  savepoint: 'savepoint',
  releaseSavepoint: 'release_savepoint',
  rollbackToSavepoint: 'rollback_to_savepoint',
  set: 'set_option',
  use: 'change_db',
  do: 'do',
  help: 'help',
  kill: 'kill',
  flush: 'flush',
  lockTables: 'lock_tables',
  unlockTables: 'unlock_tables',
  prepare: 'prepare_sql',
  execute: 'execute_sql',
  deallocate: 'dealloc_sql',
  createDatabase: 'create_db',
  dropDatabase: 'drop_db',
  alterDatabase: 'alter_db',
  createTable: 'create_table',
  dropTable: 'drop_table',
  alterTable: 'alter_table',
  truncateTable: 'truncate',
  renameTable: 'rename_table',
  createIndex: 'create_index',
  dropIndex: 'drop_index',
  createView: 'create_view',
  dropView: 'drop_view',
  createUser: 'create_user',
  alterUser: 'alter_user',
  dropUser: 'drop_user',
  renameUser: 'rename_user',
  grant: 'grant',
  revoke: 'revoke',
};

/** Those of an INSERT and a REPLACE, by where their rows come from. */
const insertNames = ['insert', 'insert_select', 'replace', 'replace_select'];

export class StatementCounts {
  readonly #counts = new Map<string, number>();

  constructor() {
    for (const name of [...Object.values(names), ...insertNames]) this.#counts.set(name, 0);
  }

  /** A statement begins. */
  note(statement: Statement): void {
    const name = nameOf(statement);
    if (name !== undefined) this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  /** By the counters' names: every one that there is. */
  values(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#counts].map(([name, count]) => [`Com_${name}`, count]));
  }
}

function nameOf(statement: Statement): string | undefined {
  if (statement.kind !== 'insert') return names[statement.kind];
  const name = statement.replace ? 'replace' : 'insert';
  return statement.source.kind === 'query' ? `${name}_select` : name;
}
