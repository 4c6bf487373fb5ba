// All statements that define databases and tables, and what a crash has left of them.

import type { CommandTable } from '#aggregator/commands/command.ts';
import type { AsSelectParts } from './create-as-select.ts';
import { alterCommands } from './alter-commands.ts';
import {
  databaseCommands,
  removeUnfinishedDatabases,
  type DatabaseCommandParts,
} from './database-commands.ts';
import { tableCommands } from './table-commands.ts';
import { viewCommands } from './view-commands.ts';

export interface DefinitionParts extends DatabaseCommandParts, AsSelectParts {
  /** Milliseconds since 1970: what CURRENT_TIMESTAMP gives old rows in a new column. */
  readonly nowMs: () => number;
}

/** The commands, by the kind of their statement. */
export function definitionCommands(parts: DefinitionParts): CommandTable {
  return {
    ...databaseCommands(parts),
    ...tableCommands(parts),
    ...viewCommands(parts),
    ...alterCommands(parts),
  };
}

/**
 * At the start of the master aggregator, once leaves can be called: takes back databases that were
 * half made, and goes on with definitions and drops that were half done.
 */
export async function resumeDefinitions(parts: DefinitionParts): Promise<void> {
  await parts.partitions.resume();
  await removeUnfinishedDatabases(parts);
  await parts.changer.resume();
}
