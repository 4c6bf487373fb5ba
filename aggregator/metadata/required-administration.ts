// What SHOW, SET, accounts, replication and upkeep need their account to be allowed.

import type { AdministrationStatement, SetItem, ShowWhat } from '#aggregator/parser/ast.ts';
import { atDatabase, atTable, everywhere, reads, type Requirement } from './requirement.ts';

const none: readonly Requirement[] = [];
const metadata = ['SHOW METADATA', 'CLUSTER', 'SUPER'] as const;

/** What SHOW lists without being asked about one thing is filtered, row by row, by the command. */
function showNeeds(what: ShowWhat, database: string | null): readonly Requirement[] {
  switch (what.kind) {
    case 'columns':
    case 'indexes':
    case 'createTable':
      return atTable(['ANY'], what.table, database);
    case 'createView':
      return [
        ...atTable(['SELECT'], what.table, database),
        ...atTable(['SHOW VIEW'], what.table, database),
      ];
    case 'tables':
    case 'tableStatus':
    case 'triggers':
    case 'events':
    case 'openTables':
      return atDatabase(['ANY', ...metadata], what.database ?? database);
    case 'createDatabase':
      return atDatabase(['ANY', ...metadata], what.name);
    case 'partitions':
      return atDatabase(['ANY', ...metadata], what.database ?? database);
    case 'replicationSource':
      return atDatabase(['REPLICATION', 'CLUSTER'], what.database);
    case 'grants':
    case 'createUser':
      return what.account === null || what.account.current
        ? none
        : everywhere('CREATE USER', 'SUPER');
    case 'leaves':
    case 'aggregators':
    case 'clusterStatus':
    case 'replicationStatus':
    case 'databaseStatus':
    case 'replicas':
      return everywhere(...metadata);
    case 'masterStatus':
    case 'replicaStatus':
    case 'binaryLogs':
      return everywhere('REPLICATION CLIENT', 'SUPER');
    case 'binaryLogEvents':
      return everywhere('REPLICATION SLAVE', 'SUPER');
    case 'engine':
      return everywhere('PROCESS');
    default:
      return none;
  }
}

function setNeeds(item: SetItem): readonly Requirement[] {
  switch (item.kind) {
    case 'systemVariable':
    case 'transaction':
      return item.scope === 'global' ? everywhere('SUPER', 'SYSTEM_VARIABLES_ADMIN') : none;
    case 'password':
      return item.account === null || item.account.current ? none : everywhere('CREATE USER');
    default:
      return none;
  }
}

/** See `requiredPrivileges`. What depends on more than the statement, its command checks. */
export function requiredForAdministration(
  statement: AdministrationStatement,
  database: string | null,
): readonly Requirement[] {
  switch (statement.kind) {
    case 'show':
      return [...showNeeds(statement.what, database), ...reads(statement.filter, database)];
    case 'describe':
      return atTable(['ANY'], statement.table, database);
    case 'use':
      return atDatabase(['ANY', ...metadata], statement.database);
    case 'set':
      return [...statement.items.flatMap(setNeeds), ...reads(statement.items, database)];
    case 'do':
    case 'call':
      return reads(statement, database);
    case 'createUser':
    case 'dropUser':
    case 'renameUser':
      return everywhere('CREATE USER');
    case 'alterUser':
      return statement.users.every(({ account }) => account.current)
        ? none
        : everywhere('CREATE USER');
    case 'replicateDatabase':
      return atDatabase(['CREATE DATABASE', 'CLUSTER'], statement.database);
    case 'stopReplicating':
    case 'pauseReplicating':
    case 'continueReplicating':
      return everywhere('CLUSTER', 'SUPER');
    case 'movePartition':
    case 'removeLeaf':
    case 'rebalancePartitions':
      return everywhere('CLUSTER', 'SUPER');
    case 'explainReplication':
      return statement.statement.kind === 'replicateDatabase'
        ? atDatabase(['CREATE DATABASE', 'CLUSTER'], statement.statement.database)
        : everywhere(...metadata);
    case 'checkReplication':
      return everywhere(...metadata);
    case 'snapshotDatabase':
    case 'backupDatabase':
      return atDatabase(['BACKUP', 'SUPER'], statement.database);
    case 'restoreDatabase':
      return atDatabase(['CREATE', 'CREATE DATABASE'], statement.as ?? statement.database);
    case 'maintainTables':
      return statement.tables.flatMap((table) => [
        ...atTable(['SELECT'], table, database),
        ...(statement.action === 'check' || statement.action === 'checksum'
          ? none
          : atTable(['INSERT'], table, database)),
      ]);
    case 'flush':
    case 'flushReadOnly':
      return everywhere('RELOAD', 'SUPER');
    case 'lockTables':
      return statement.tables.flatMap(({ table }) => [
        ...atTable(['LOCK TABLES'], table, database),
        ...atTable(['SELECT'], table, database),
      ]);
    default:
      return none;
  }
}
