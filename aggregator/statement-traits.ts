// What a kind of statement does to transactions.

import type { Statement } from './parser/ast.ts';

/** True for what commits the open transaction before it runs (MySQL's implicit commit). */
export function endsTransaction(statement: Statement): boolean {
  switch (statement.kind) {
    case 'createTable':
    case 'alterTable':
    case 'dropTable':
    case 'createView':
    case 'alterView':
    case 'dropView':
    case 'dropRoutine':
    case 'truncateTable':
    case 'renameTable':
    case 'createIndex':
    case 'dropIndex':
    case 'createDatabase':
    case 'dropDatabase':
    case 'alterDatabase':
    case 'createUser':
    case 'alterUser':
    case 'dropUser':
    case 'renameUser':
    case 'grant':
    case 'revoke':
    case 'flushReadOnly':
    case 'movePartition':
    case 'removeLeaf':
    case 'rebalancePartitions':
    case 'snapshotDatabase':
    case 'backupDatabase':
    case 'restoreDatabase':
      return true;
    case 'maintainTables':
      return statement.action !== 'checksum';
    default:
      return false;
  }
}

/** True for what a READ ONLY transaction refuses. A definition ends it, and is none of it. */
export function changesData(statement: Statement): boolean {
  switch (statement.kind) {
    case 'insert':
    case 'update':
    case 'delete':
    case 'loadData':
      return true;
    default:
      return false;
  }
}

/** True for what begins a transaction under autocommit = 0. */
export function opensTransaction(statement: Statement): boolean {
  switch (statement.kind) {
    case 'select':
    case 'setOperation':
    case 'with':
    case 'insert':
    case 'update':
    case 'delete':
    case 'loadData':
    case 'savepoint':
      return true;
    default:
      return false;
  }
}
