// What one client holds: database, variables, transaction, last numbers, warnings.

import type { ColumnType, StoredValue } from '#shared/sql/column-type.ts';

export interface Warning {
  readonly level: 'Note' | 'Warning' | 'Error';
  readonly errno: number;
  readonly message: string;
}

export interface Account {
  readonly user: string;
  /** The host part of the account that matched: '%' or a name. */
  readonly host: string;
}

/** Session and global system variables (session-variables.ts). */
export interface SystemVariables {
  /** Throws unknownSystemVariable. */
  get(scope: 'session' | 'global' | null, name: string): string | bigint | number | null;
  /** Throws unknownSystemVariable, readOnlyVariable or wrongVariableValue. */
  set(scope: 'session' | 'global', name: string, value: string | bigint | number | null): void;
  /** SET name = DEFAULT. Throws as `set` does. */
  reset(scope: 'session' | 'global', name: string): void;
  /** Rises with every variable of the session that is set: who reads them often looks here. */
  readonly version: number;
  /** The session's variables that were set since it was asked last, with their values. */
  takeChanges(): ReadonlyMap<string, string>;
  /** Name and value as SHOW VARIABLES prints them, sorted by name. */
  list(scope: 'session' | 'global'): readonly (readonly [string, string])[];
  /** Names and values that differ from the built-in ones, as `set` takes them. */
  own(): readonly (readonly [string, string | bigint | number | null])[];
}

export interface UserVariable {
  readonly type: ColumnType;
  readonly value: StoredValue;
}

/** The open transaction; transaction/transaction.ts has the real one. */
export interface SessionTransaction {
  readonly startedAt: bigint;
  /** SAVEPOINT, RELEASE and ROLLBACK TO on every partition that takes part. */
  savepoint(action: 'set' | 'release' | 'rollback to', name: string): Promise<void>;
  commit(): Promise<void>;
  /** Never throws: a leaf that is away has forgotten the transaction anyway. */
  rollback(): Promise<void>;
}

export class Session {
  /** CONNECTION_ID(). */
  readonly id: number;
  readonly account: Account;
  /** Where the client comes from, for SHOW PROCESSLIST: `host:port`. */
  readonly peer: string;
  readonly variables: SystemVariables;
  readonly userVariables = new Map<string, UserVariable>();
  /** CLIENT_FOUND_ROWS: UPDATE answers the rows matched instead of the rows changed. */
  readonly foundRowsFlag: boolean;
  /** How the connection is encrypted, for SHOW STATUS; null: not at all. */
  readonly tls: { readonly cipher: string; readonly version: string } | null;
  /** Packets go in zlib frames, for SHOW STATUS. */
  isCompressed = false;
  /** What the client said of itself when it logged in (performance_schema). */
  readonly attributes: ReadonlyMap<string, string>;
  database: string | null = null;
  /** Not null between BEGIN (or the first write under autocommit = 0) and its end. */
  transaction: SessionTransaction | null = null;
  lastInsertId = 0n;
  foundRows = 0;
  rowCount = -1;
  warnings: Warning[] = [];
  /** CLIENT_MULTI_STATEMENTS, or COM_SET_OPTION: one text may hold several statements. */
  multiStatements = false;
  /** SET TRANSACTION READ ONLY or READ WRITE, for the next transaction alone; else null. */
  nextReadOnly: boolean | null = null;
  /** A file of the client's, as it sends it; null while no statement can ask for one. */
  localFile: ((name: string) => AsyncIterable<Uint8Array>) | null = null;
  /** PREPARE name FROM …: the text by its name in lower case. */
  readonly preparedTexts = new Map<string, string>();
  /** Gives back the locks of GET_LOCK; null where none was asked for. Never throws. */
  releaseLocks: (() => Promise<void>) | null = null;
  /** The running command is its last: it has killed itself. */
  isEnding = false;
  #killed = new AbortController();

  constructor(options: {
    id: number;
    account: Account;
    peer: string;
    variables: SystemVariables;
    foundRowsFlag: boolean;
    tls?: Session['tls'];
    attributes?: ReadonlyMap<string, string>;
  }) {
    this.id = options.id;
    this.account = options.account;
    this.peer = options.peer;
    this.variables = options.variables;
    this.foundRowsFlag = options.foundRowsFlag;
    this.tls = options.tls ?? null;
    this.attributes = options.attributes ?? new Map();
  }

  /** Fires when the statement must stop: KILL, or the client is gone. */
  get signal(): AbortSignal {
    return this.#killed.signal;
  }

  get autocommit(): boolean {
    return this.variables.get('session', 'autocommit') !== 0n;
  }

  /** Ends the running statement with error 1317. */
  kill(): void {
    this.#killed.abort();
  }

  /** The next statement starts with nothing against it. */
  beginStatement(): void {
    if (this.#killed.signal.aborted) this.#killed = new AbortController();
  }

  warn(level: Warning['level'], errno: number, message: string): void {
    if (this.warnings.length < 1024) this.warnings.push({ level, errno, message });
  }

  /** Answers how to go back to the warnings that there are now. */
  markWarnings(): () => void {
    const { length } = this.warnings;
    return () => {
      this.warnings = this.warnings.slice(0, length);
    };
  }

  /** An error that the statement passes over, or answers in another way. */
  report(level: Warning['level'], { errno, message }: Omit<Warning, 'level'>): void {
    this.warn(level, errno, message);
  }
}
