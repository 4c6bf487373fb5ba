// The tables of a partition by name: as committed, and as the open transaction has them.
//
// Changed where they stand: a copy for each definition would cost the more the more tables there
// are.

import type { TableDefinition } from '#shared/cluster/table-definition.ts';
import type { DefinitionChange } from '#shared/log/log-record.ts';

export class KnownTables {
  readonly #tables = new Map<string, TableDefinition>();
  /** Steps of the open transaction. */
  #uncommitted: DefinitionChange[] = [];
  #withForeignKeys = 0;

  constructor(tables: readonly TableDefinition[]) {
    for (const table of tables) this.#put(table);
  }

  /** As committed. */
  get committed(): ReadonlyMap<string, TableDefinition> {
    return this.#tables;
  }

  /** True where a committed table has foreign keys. */
  get hasForeignKeys(): boolean {
    return this.#withForeignKeys > 0;
  }

  /** As the open transaction has them. */
  has(name: string): boolean {
    for (const { put, drop } of this.#uncommitted.toReversed()) {
      if (put.some((table) => table.name === name)) return true;
      if (drop.includes(name)) return false;
    }
    return this.#tables.has(name);
  }

  /** The open transaction has carried a step out. */
  note(change: DefinitionChange): void {
    this.#uncommitted.push(change);
  }

  commit(): void {
    for (const { put, drop } of this.#uncommitted) {
      for (const name of drop) this.#drop(name);
      for (const table of put) this.#put(table);
    }
    this.#uncommitted = [];
  }

  rollback(): void {
    this.#uncommitted = [];
  }

  #put(table: TableDefinition): void {
    this.#count(table.name, -1);
    this.#tables.set(table.name, table);
    this.#count(table.name, 1);
  }

  #drop(name: string): void {
    this.#count(name, -1);
    this.#tables.delete(name);
  }

  #count(name: string, by: 1 | -1): void {
    const foreignKeys = this.#tables.get(name)?.foreignKeys ?? [];
    if (foreignKeys.length > 0) this.#withForeignKeys += by;
  }
}
