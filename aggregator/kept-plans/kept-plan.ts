// A plan for all statements of one fingerprint, and what must hold for a run to use it.

import type { DatabaseDefinition } from '#aggregator/metadata/database-definition.ts';
import type {
  InsertStatement,
  Query,
  UpdateStatement,
  DeleteStatement,
} from '#aggregator/parser/ast.ts';
import type { Fragment } from '#aggregator/planner/deparse/fragment.ts';
import type { SlotGuard, SlotRun } from '#aggregator/planner/literal-slot.ts';
import type { ChangePlan, QueryPlan } from '#aggregator/planner/plan.ts';
import type { Account } from '#aggregator/session.ts';
import type { ResolveEnvironment } from '#aggregator/planner/resolve-environment.ts';
import type { ResolvedInsert } from '#aggregator/planner/resolve-insert.ts';

/** What a session says of one of its variables. */
export interface VariableGuard {
  readonly scope: 'session' | 'global' | null;
  readonly name: string;
  readonly value: string | bigint | number | null;
}

/** What a run does. */
export type KeptBody =
  | { readonly kind: 'query'; readonly plan: QueryPlan }
  | { readonly kind: 'change'; readonly plan: ChangePlan }
  | { readonly kind: 'insert'; readonly insert: ResolvedInsert; readonly text: Fragment };

export type KeptStatement = Query | InsertStatement | UpdateStatement | DeleteStatement;

export interface KeptPlan {
  readonly statement: KeptStatement;
  readonly body: KeptBody;
  /** The versions of the databases that it was made for. */
  readonly databases: readonly DatabaseDefinition[];
  readonly variables: readonly VariableGuard[];
  /** Whether the transaction had changed reference tables of these databases. */
  readonly ownReferences: readonly { readonly database: string; readonly own: boolean }[];
  readonly literals: readonly SlotGuard[];
  /** Accounts that may run it, and the version of all grants at which they were asked. */
  readonly allowed: WeakMap<Account, number>;
}

/** What a run brings along. */
export interface KeptRun {
  readonly environment: Pick<ResolveEnvironment, 'systemVariable'>;
  /** The database's definition now; undefined where there is none. */
  readonly database: (name: string) => DatabaseDefinition | undefined;
  readonly hasOwnReferences: (database: string) => boolean;
  readonly literals: SlotRun;
}

/** True where all that the plan takes for granted is so in this run. */
export function holdsFor(plan: KeptPlan, run: KeptRun): boolean {
  for (const definition of plan.databases) {
    if (run.database(definition.name) !== definition) return false;
  }
  for (const { scope, name, value } of plan.variables) {
    if (run.environment.systemVariable(scope, name) !== value) return false;
  }
  for (const { database, own } of plan.ownReferences) {
    if (run.hasOwnReferences(database) !== own) return false;
  }
  return plan.literals.every((guard) => guard.read(run.literals) === guard.expected);
}
