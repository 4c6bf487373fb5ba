// Statements that are answered by kept plans: from the text to a plan without parsing it.

import { hash } from 'node:crypto';
import { ownReferences } from '#aggregator/executor/execution.ts';
import { fingerprint, type Fingerprint } from '#aggregator/parser/fingerprint.ts';
import { parseStatements, type ParserOptions } from '#aggregator/parser/parser.ts';
import { NotKeptError, type SlotRun } from '#aggregator/planner/literal-slot.ts';
import { SessionProfiles } from '#aggregator/session-profile.ts';
import type { Session } from '#aggregator/session.ts';
import {
  createExecution,
  parameterValue,
  storeConstant,
  type StatementParts,
} from '#aggregator/statement-environment.ts';
import type { StoreConstant } from '#aggregator/planner/assign-value.ts';
import type { Statement } from '#aggregator/parser/ast.ts';
import type { DatabaseDefinition } from '#aggregator/metadata/database-definition.ts';
import { DatabaseError } from '#shared/error.ts';
import { LruCache } from '#shared/sql/lru-cache.ts';
import type { SourceValue } from '#shared/sql/source-value.ts';
import { keepPlan } from './keep-plan.ts';
import type { KeptPlan, KeptRun, KeptStatement } from './kept-plan.ts';
import { literalValues, parameterMarks, type LiteralReading } from './literal-values.ts';
import type { PlanCache } from './plan-cache.ts';
import { PortableFormats } from './portable-format.ts';

/** Texts whose fingerprints are remembered: those of prepared statements come again and again. */
const FINGERPRINTS_MAX = 4096;

/** A plan for a longer text takes as long as its own planning: it is made when it comes again. */
const LONG_TEXT_MIN = 16 * 1024;
/** So many long texts are remembered. */
const LONG_TEXTS_MAX = 1024;

/** What a plan is found by: database, sql_mode, the parameters' types, and the statement. */
type KeyParts = readonly [string, string, string, string];

/** The text of a prepared statement, and the key of its last run. */
interface PreparedText {
  readonly found: Fingerprint | null;
  last: { readonly parts: KeyParts; readonly key: string } | null;
}

/** A statement that may have a kept plan, and this run's values. */
export interface KeptCandidate {
  readonly key: string;
  readonly text: string;
  readonly fingerprint: Fingerprint;
  readonly options: ParserOptions;
  readonly literals: SlotRun;
}

export interface KeptStatementsOptions {
  readonly parts: StatementParts;
  readonly cache: PlanCache;
  /** Throws where the session's account may not run the statement. */
  readonly authorize: (session: Session, statement: Statement) => void;
  /** Rises when anyone's grants change. */
  readonly grantsVersion: () => number;
  /** True for the statements that this aggregator answers by plans. */
  readonly isKept: (statement: Statement) => statement is KeptStatement;
}

export class KeptStatements {
  readonly cache: PlanCache;
  readonly profiles: SessionProfiles;
  readonly formats = new PortableFormats();
  readonly #options: KeptStatementsOptions;
  readonly #prepared = new LruCache<string, PreparedText>(FINGERPRINTS_MAX);
  /** How often keys of long texts came, by their hashes. */
  readonly #long = new LruCache<string, { times: number }>(LONG_TEXTS_MAX);

  constructor(options: KeptStatementsOptions) {
    this.#options = options;
    this.cache = options.cache;
    this.profiles = new SessionProfiles(options.parts);
  }

  /** Null for what is never answered by a kept plan. */
  candidate(session: Session, text: string, given: readonly SourceValue[]): KeptCandidate | null {
    const { sqlMode, parser, collation } = this.profiles.of(session);
    const prepared = given.length > 0 ? this.#preparedText(text, parser) : null;
    const found = prepared === null ? fingerprint(text, parser) : prepared.found;
    if (found === null) return null;
    const parameters = given.length === 0 ? given : given.map(parameterValue);
    const values = readValues({ text, fingerprint: found, options: parser, collation, parameters });
    if (values === null) return null;
    const marks = parameterMarks(parameters);
    const parts = [session.database ?? '', sqlMode, marks, found.key] as const;
    const key = prepared === null ? joined(parts) : keyOf(prepared, parts);
    const store = lateStore(this.#options.parts, session);
    const literals = { values, store, computed: new Map() };
    return { key, text, fingerprint: found, options: parser, literals };
  }

  /**
   * The plan for this run, made now where there is none. Null where the statement must be planned
   * for itself. Throws where the account may not run it.
   */
  plan(session: Session, candidate: KeptCandidate): KeptPlan | null {
    const found = this.cache.find(candidate.key, this.#run(session, candidate));
    if (found === 'refused') {
      this.cache.counters.notKept += 1;
      return null;
    }
    if (found === null) {
      if (this.#comesAgain(candidate)) return this.#make(session, candidate);
      this.cache.counters.notKept += 1;
      return null;
    }
    this.#authorize(session, found);
    return found;
  }

  #comesAgain({ text, key }: KeptCandidate): boolean {
    if (text.length < LONG_TEXT_MIN) return true;
    const seen = this.#long.get(hash('sha1', key), () => ({ times: 0 }));
    seen.times += 1;
    return seen.times > 1;
  }

  /** The one statement of the text. Throws NotKeptError for what no plan is kept of. */
  parse(text: string, options: ParserOptions): KeptStatement {
    const [parsed, ...more] = parseStatements(text, options);
    const { isKept } = this.#options;
    if (parsed !== undefined && more.length === 0 && isKept(parsed.statement)) {
      return parsed.statement;
    }
    throw new NotKeptError('another kind of statement');
  }

  /** The plan for this run where there is one already. Throws where the account may not run it. */
  known(session: Session, candidate: KeptCandidate): KeptPlan | null {
    const found = this.cache.find(candidate.key, this.#run(session, candidate));
    if (found === null || found === 'refused') return null;
    this.#authorize(session, found);
    return found;
  }

  #preparedText(text: string, options: ParserOptions): PreparedText {
    const { ansiQuotes, noBackslashEscapes } = options;
    const way = `${ansiQuotes ? 'a' : ''}${noBackslashEscapes ? 'b' : ''}`;
    const key = way === '' ? text : `${way}\u0001${text}`;
    return this.#prepared.get(key, () => ({ found: fingerprint(text, options), last: null }));
  }

  #run(session: Session, { literals }: KeptCandidate): KeptRun {
    const { parts } = this.#options;
    return {
      environment: { systemVariable: (scope, name) => session.variables.get(scope, name) },
      database: (name) => findDatabase(parts, name),
      hasOwnReferences: (name) => ownReferences(createExecution(parts, session))(name),
      literals,
    };
  }

  #make(session: Session, candidate: KeptCandidate): KeptPlan | null {
    const { parts } = this.#options;
    const { key, text, options, fingerprint: found, literals: run } = candidate;
    try {
      const statement = this.parse(text, options);
      this.#options.authorize(session, statement);
      const plan = keepPlan({ parts, session, statement, fingerprint: found, run });
      this.#allow(session, plan);
      this.cache.counters.misses += 1;
      this.cache.add(key, plan, 2 * (key.length + text.length));
      return plan;
    } catch (error) {
      if (error instanceof NotKeptError) this.cache.refuse(key);
      // Its own planning says what is wrong, with the words that go with it.
      else if (!(error instanceof DatabaseError)) throw error;
      this.cache.counters.notKept += 1;
      return null;
    }
  }

  #authorize(session: Session, plan: KeptPlan): void {
    const known = plan.allowed.get(session.account);
    if (known === this.#options.grantsVersion()) return;
    this.#options.authorize(session, plan.statement);
    this.#allow(session, plan);
  }

  #allow(session: Session, { allowed }: KeptPlan): void {
    allowed.set(session.account, this.#options.grantsVersion());
  }
}

function joined([database, sqlMode, marks, key]: KeyParts): string {
  return `${database}\u0001${sqlMode}\u0001${marks}\u0001${key}`;
}

/** The same string as for the run before, where it says the same: it is found again by that. */
function keyOf(prepared: PreparedText, parts: KeyParts): string {
  const { last } = prepared;
  if (last !== null && parts.every((part, i) => part === last.parts[i])) return last.key;
  const key = joined(parts);
  prepared.last = { parts, key };
  return key;
}

function findDatabase({ context }: StatementParts, name: string): DatabaseDefinition | undefined {
  try {
    return context.catalog.database(name);
  } catch {
    return undefined;
  }
}

function readValues(reading: LiteralReading): readonly SourceValue[] | null {
  try {
    return literalValues(reading);
  } catch (error) {
    if (error instanceof DatabaseError) return null;
    throw error;
  }
}

/** Most runs store nothing: what it takes is looked up by the first that does. */
function lateStore(parts: StatementParts, session: Session): StoreConstant {
  let store: StoreConstant | null = null;
  return (column, value) => (store ??= storeConstant(parts, session))(column, value);
}
