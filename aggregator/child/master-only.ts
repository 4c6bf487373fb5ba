// Which statements a child aggregator leaves to the master: what defines, links or describes the
// cluster. What it has a command of its own for, it does itself.

import type { CommandTable } from '#aggregator/commands/command.ts';
import type { ShowWhat, Statement } from '#aggregator/parser/ast.ts';

/** Answered from what the master alone gathers. */
const clusterShows: ReadonlySet<ShowWhat['kind']> = new Set<ShowWhat['kind']>([
  'aggregators',
  'clusterStatus',
  'databaseStatus',
  'leaves',
  'partitions',
  'replicas',
  'replicationSource',
  'replicationStatus',
]);

/** True for what is to be forwarded; `commands` is the child's own table. */
export function isMasterOnly(statement: Statement, commands: CommandTable): boolean {
  switch (statement.kind) {
    case 'select':
    case 'setOperation':
    case 'with':
    case 'values':
    case 'insert':
    case 'update':
    case 'delete':
    case 'explain':
      return false;
    case 'show': {
      const { what } = statement;
      return clusterShows.has(what.kind) || (what.kind === 'databases' && what.extended);
    }
    case 'set':
      return statement.items.some((item) => item.kind === 'password');
    default:
      return commands[statement.kind] === undefined;
  }
}
