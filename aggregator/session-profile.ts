// What of a session's variables every statement needs, read once for all until one of them is set.

import { parserOptions, type ParserOptions } from './parser/parser.ts';
import type { Session } from './session.ts';
import { sqlModeOf, type StatementParts } from './statement-environment.ts';
import { DEFAULT_COLLATION, resolveCollation } from '#shared/sql/collation.ts';
import type { Collation } from '#shared/sql/column-type.ts';

export interface SessionProfile {
  readonly version: number;
  readonly sqlMode: string;
  readonly parser: ParserOptions;
  /** Of the connection: what literal strings have. */
  readonly collation: Collation;
  readonly autocommit: boolean;
  readonly lockWaitTimeoutMs: number;
}

/** The profiles of an aggregator's sessions, as long as they live. */
export class SessionProfiles {
  readonly #parts: Pick<StatementParts, 'sqlModes'>;
  readonly #known = new WeakMap<Session, SessionProfile>();

  constructor(parts: Pick<StatementParts, 'sqlModes'>) {
    this.#parts = parts;
  }

  of(session: Session): SessionProfile {
    const known = this.#known.get(session);
    if (known !== undefined && known.version === session.variables.version) return known;
    const profile = this.#read(session);
    this.#known.set(session, profile);
    return profile;
  }

  #read(session: Session): SessionProfile {
    const { variables } = session;
    const collation = variables.get('session', 'collation_connection');
    return {
      version: variables.version,
      sqlMode: String(variables.get('session', 'sql_mode') ?? ''),
      parser: parserOptions(sqlModeOf(this.#parts, session)),
      collation:
        typeof collation === 'string' ? resolveCollation(collation).collation : DEFAULT_COLLATION,
      autocommit: session.autocommit,
      lockWaitTimeoutMs: Number(variables.get('session', 'innodb_lock_wait_timeout') ?? 50) * 1000,
    };
  }
}
