// The syntax tree of SHOW, SET, accounts, transactions, replication and upkeep: plain data.

import type { Expression, Node, TableName } from './ast-query.ts';

/** LIKE 'pattern' or WHERE condition, after most kinds of SHOW. */
export interface ShowFilter {
  readonly like: string | null;
  readonly where: Expression | null;
}

/** What SHOW asks for. `database` is null for the session's database. */
export type ShowWhat =
  | { readonly kind: 'databases'; readonly extended: boolean }
  | {
      readonly kind: 'tables';
      readonly full: boolean;
      readonly extended: boolean;
      readonly database: string | null;
    }
  | { readonly kind: 'tableStatus'; readonly database: string | null }
  | {
      readonly kind: 'columns';
      readonly full: boolean;
      readonly extended: boolean;
      readonly table: TableName;
    }
  | { readonly kind: 'indexes'; readonly table: TableName }
  | { readonly kind: 'createTable' | 'createView'; readonly table: TableName }
  | { readonly kind: 'createDatabase'; readonly name: string; readonly ifNotExists: boolean }
  | { readonly kind: 'createUser'; readonly account: AccountName | null }
  | { readonly kind: 'variables'; readonly scope: 'session' | 'global' }
  | { readonly kind: 'status'; readonly scope: 'session' | 'global' }
  | {
      readonly kind: 'warnings' | 'errors';
      /** SHOW COUNT(*) WARNINGS. */
      readonly count: boolean;
      readonly limit: ShowLimit | null;
    }
  /** `account` is null for the session's own. */
  | { readonly kind: 'grants'; readonly account: AccountName | null }
  | { readonly kind: 'processList'; readonly full: boolean }
  | { readonly kind: 'replicationSource'; readonly database: string }
  /** Null: the session's database. */
  | { readonly kind: 'databaseStatus'; readonly database: string | null }
  | { readonly kind: 'aggregators'; readonly extended: boolean }
  | { readonly kind: 'partitions'; readonly extended: boolean; readonly database: string | null }
  | { readonly kind: 'createRoutine'; readonly routine: string; readonly name: TableName }
  | { readonly kind: 'engine'; readonly engine: string; readonly topic: string }
  | { readonly kind: 'triggers' | 'events' | 'openTables'; readonly database: string | null }
  | {
      readonly kind:
        | 'engines'
        | 'charsets'
        | 'collations'
        | 'plugins'
        | 'privileges'
        | 'procedureStatus'
        | 'functionStatus'
        | 'binaryLogs'
        | 'binaryLogEvents'
        | 'masterStatus'
        | 'replicaStatus'
        | 'profiles'
        | 'leaves'
        | 'clusterStatus'
        | 'replicas'
        | 'replicationStatus';
    };

export interface ShowLimit {
  readonly offset: number;
  readonly count: number;
}

export interface ShowStatement extends Node {
  readonly kind: 'show';
  readonly what: ShowWhat;
  readonly filter: ShowFilter;
}

/** 'user'@'host'; the host is '%' where not written. */
export interface AccountName extends Node {
  readonly user: string;
  readonly host: string;
  /** CURRENT_USER. */
  readonly current: boolean;
}

/** How an account proves itself. */
export interface AccountAuthentication {
  /** IDENTIFIED WITH plugin, or null. */
  readonly plugin: string | null;
  /** BY 'clear text', or null. */
  readonly password: string | null;
  /** AS 'hash', or null. */
  readonly hash: string | null;
}

/** What else CREATE and ALTER USER say, of all the accounts they name. Null: nothing said. */
export interface AccountOptions {
  readonly requires: 'none' | 'ssl' | 'x509' | null;
  readonly locked: boolean | null;
  readonly passwordExpired: boolean | null;
}

export interface AccountChange extends Node {
  readonly account: AccountName;
  readonly authentication: AccountAuthentication | null;
}

/** What a grant is about: `*.*`, `db.*`, `db.table`, `table`. Null stands for `*`. */
export interface GrantLevel {
  readonly database: string | null;
  readonly table: string | null;
  /** True for a bare `*` or a bare table: the session's database. */
  readonly currentDatabase: boolean;
}

/** A privilege in upper case (`ALL PRIVILEGES`, `SELECT`), with columns where written. */
export interface GrantPrivilege {
  readonly name: string;
  readonly columns: readonly string[];
}

export type AccountStatement =
  | (Node & {
      readonly kind: 'createUser';
      readonly ifNotExists: boolean;
      readonly users: readonly AccountChange[];
      readonly options: AccountOptions;
    })
  | (Node & {
      readonly kind: 'alterUser';
      readonly ifExists: boolean;
      readonly users: readonly AccountChange[];
      readonly options: AccountOptions;
    })
  | (Node & {
      readonly kind: 'dropUser';
      readonly ifExists: boolean;
      readonly users: readonly AccountName[];
    })
  | (Node & {
      readonly kind: 'renameUser';
      readonly renames: readonly { readonly from: AccountName; readonly to: AccountName }[];
    })
  | (Node & {
      readonly kind: 'grant';
      readonly privileges: readonly GrantPrivilege[];
      readonly level: GrantLevel;
      readonly users: readonly AccountChange[];
      readonly withGrantOption: boolean;
    })
  | (Node & {
      readonly kind: 'revoke';
      readonly privileges: readonly GrantPrivilege[];
      /** Null for REVOKE ALL PRIVILEGES, GRANT OPTION FROM user. */
      readonly level: GrantLevel | null;
      readonly users: readonly AccountName[];
    });

/** One assignment of SET. */
export type SetItem = Node &
  (
    | { readonly kind: 'userVariable'; readonly name: string; readonly value: Expression }
    | {
        readonly kind: 'systemVariable';
        readonly scope: 'session' | 'global';
        readonly name: string;
        /** Null for DEFAULT. A bare word, as in `SET x = ON`, is a string. */
        readonly value: Expression | null;
      }
    /** SET NAMES; null for DEFAULT. */
    | {
        readonly kind: 'names';
        readonly charset: string | null;
        readonly collation: string | null;
      }
    | { readonly kind: 'characterSet'; readonly charset: string | null }
    | {
        readonly kind: 'transaction';
        /** `next`: SET TRANSACTION, for the next transaction alone. */
        readonly scope: 'session' | 'global' | 'next';
        readonly isolation:
          'READ-UNCOMMITTED' | 'READ-COMMITTED' | 'REPEATABLE-READ' | 'SERIALIZABLE' | null;
        readonly readOnly: boolean | null;
      }
    /** `account` is null for the session's own. */
    | {
        readonly kind: 'password';
        readonly account: AccountName | null;
        readonly password: string;
      }
  );

export type TransactionStatement =
  | (Node & {
      readonly kind: 'begin';
      readonly readOnly: boolean | null;
      readonly consistentSnapshot: boolean;
    })
  | (Node & {
      readonly kind: 'commit' | 'rollback';
      /** AND CHAIN. */
      readonly chain: boolean;
      readonly release: boolean;
    })
  | (Node & {
      readonly kind: 'savepoint' | 'releaseSavepoint' | 'rollbackToSavepoint';
      readonly name: string;
    });

/** user[:'password']@host[:port][/remote_database]. */
export interface PrimaryAddress {
  readonly user: string;
  readonly password: string;
  readonly host: string;
  /** 3306 where not written. */
  readonly port: number;
  /** The same name as here where not written. */
  readonly remoteDatabase: string;
}

export interface ReplicateDatabase extends Node {
  readonly kind: 'replicateDatabase';
  readonly database: string;
  readonly forceDifferential: boolean;
  /** WITH PARTITIONS n, or null. */
  readonly partitions: number | null;
  readonly primary: PrimaryAddress;
}

export interface StopReplicating extends Node {
  readonly kind: 'stopReplicating';
  readonly database: string;
  /** Even where the first copy has not been found whole. */
  readonly force: boolean;
}

export type ReplicationStatement =
  | ReplicateDatabase
  | StopReplicating
  | (Node & {
      readonly kind: 'pauseReplicating' | 'continueReplicating';
      readonly database: string;
    })
  | (Node & {
      readonly kind: 'checkReplication';
      readonly database: string;
      /** WITH ROWS: which rows differ. */
      readonly rows: boolean;
    })
  | (Node & {
      readonly kind: 'explainReplication';
      readonly statement: ReplicateDatabase | StopReplicating;
    });

export type UpkeepStatement =
  /** MOVE PARTITION db:ordinal TO 'host':port. */
  | (Node & {
      readonly kind: 'movePartition';
      readonly database: string;
      /** Null: db:reference. */
      readonly ordinal: number | null;
      readonly host: string;
      readonly port: number;
    })
  /** REMOVE LEAF 'host':port [FORCE]. */
  | (Node & {
      readonly kind: 'removeLeaf';
      readonly host: string;
      readonly port: number;
      readonly force: boolean;
    })
  /** REBALANCE PARTITIONS ON db. */
  | (Node & { readonly kind: 'rebalancePartitions'; readonly database: string })
  | (Node & { readonly kind: 'snapshotDatabase'; readonly database: string })
  | (Node & {
      readonly kind: 'backupDatabase';
      readonly database: string;
      readonly path: string;
      /** TIMEOUT n; null where not written. */
      readonly timeoutMs: number | null;
    })
  | (Node & {
      readonly kind: 'restoreDatabase';
      readonly database: string;
      /** RESTORE DATABASE a AS b; null where not written. */
      readonly as: string | null;
      readonly path: string;
    })
  /** ANALYZE, OPTIMIZE, CHECK, REPAIR and CHECKSUM TABLE. */
  | (Node & {
      readonly kind: 'maintainTables';
      readonly action: 'analyze' | 'optimize' | 'check' | 'repair' | 'checksum';
      readonly tables: readonly TableName[];
    })
  | (Node & {
      readonly kind: 'kill';
      /** KILL QUERY n stops the statement, KILL n the connection. */
      readonly query: boolean;
      readonly id: Expression;
    })
  /** FLUSH TABLES, PRIVILEGES, …: the words after FLUSH in upper case. */
  | (Node & {
      readonly kind: 'flush';
      readonly what: string;
      /** FLUSH TABLES … WITH READ LOCK. */
      readonly readLock: boolean;
    })
  /** FLUSH TABLES WITH READ ONLY: the write fence, until UNLOCK TABLES. */
  | (Node & { readonly kind: 'flushReadOnly' })
  | (Node & {
      readonly kind: 'lockTables';
      readonly tables: readonly { readonly table: TableName; readonly write: boolean }[];
    })
  | (Node & { readonly kind: 'unlockTables' });

export type PreparedStatement =
  | (Node & {
      readonly kind: 'prepare';
      readonly name: string;
      /** A string literal or a user variable. */
      readonly text: Expression;
    })
  | (Node & {
      readonly kind: 'execute';
      readonly name: string;
      /** USING @a, @b: names of user variables. */
      readonly using: readonly string[];
    })
  | (Node & { readonly kind: 'deallocate'; readonly name: string });

/** What can be parsed but never done: it is refused by its name with error 1235. */
export interface UnsupportedStatement extends Node {
  readonly kind: 'unsupported';
  /** `CREATE VIEW`, `CREATE TRIGGER`, `CREATE PROCEDURE`, `LOAD DATA`, …. */
  readonly what: string;
}

export type AdministrationStatement =
  | ShowStatement
  | AccountStatement
  | TransactionStatement
  | ReplicationStatement
  | UpkeepStatement
  | PreparedStatement
  | UnsupportedStatement
  | (Node & { readonly kind: 'set'; readonly items: readonly SetItem[] })
  | (Node & { readonly kind: 'use'; readonly database: string })
  | (Node & {
      readonly kind: 'describe';
      readonly table: TableName;
      /** A column name or a LIKE pattern, or null. */
      readonly column: string | null;
    })
  /** DO expression, …. */
  | (Node & { readonly kind: 'do'; readonly expressions: readonly Expression[] })
  | (Node & {
      readonly kind: 'call';
      readonly name: TableName;
      readonly arguments: readonly Expression[];
    })
  | (Node & { readonly kind: 'help'; readonly topic: string });
