// Makes a plan that later runs can use: the statement is resolved with its literals left open, and
// all that resolving asks on its way is written down.

import { ownReferences } from '#aggregator/executor/execution.ts';
import type { DatabaseDefinition } from '#aggregator/metadata/database-definition.ts';
import type { Fingerprint } from '#aggregator/parser/fingerprint.ts';
import { planChange } from '#aggregator/planner/change-planner.ts';
import { insertText } from '#aggregator/planner/insert-planner.ts';
import { NotKeptError, SlotTrace, type SlotRun } from '#aggregator/planner/literal-slot.ts';
import { slotConstant, slotType } from '#aggregator/planner/slot-constant.ts';
import { planQuery } from '#aggregator/planner/planner.ts';
import type { OwnReferences } from '#aggregator/planner/planning.ts';
import { resolveChanges } from '#aggregator/planner/resolve-change.ts';
import type { ResolveEnvironment } from '#aggregator/planner/resolve-environment.ts';
import { resolveInsert, type ResolvedInsert } from '#aggregator/planner/resolve-insert.ts';
import { resolveQuery } from '#aggregator/planner/resolve-query.ts';
import { containsQuery } from '#aggregator/planner/walk-expression.ts';
import type { Session } from '#aggregator/session.ts';
import {
  createExecution,
  resolveEnvironment,
  type StatementParts,
} from '#aggregator/statement-environment.ts';
import { must } from '#shared/assert.ts';
import type { KeptBody, KeptPlan, KeptStatement, VariableGuard } from './kept-plan.ts';
import { traceSyntax, type TracedSyntax } from './traced-syntax.ts';

export interface KeepRequest {
  readonly parts: StatementParts;
  readonly session: Session;
  readonly statement: KeptStatement;
  readonly fingerprint: Fingerprint;
  readonly run: SlotRun;
}

/** What was asked while the plan was made. */
interface Asked {
  readonly databases: Map<string, DatabaseDefinition>;
  readonly variables: Map<string, VariableGuard>;
  readonly ownReferences: Map<string, boolean>;
}

/** Throws NotKeptError where each run needs a plan of its own, and what resolving throws. */
export function keepPlan(request: KeepRequest): KeptPlan {
  const { statement, fingerprint, run } = request;
  const trace = new SlotTrace(run);
  const syntax = traceSyntax(statement, { fingerprint, values: run.values, trace });
  const asked: Asked = { databases: new Map(), variables: new Map(), ownReferences: new Map() };
  const environment = tracingEnvironment(request, { syntax, trace, asked });
  const body = makeBody(request, syntax.statement as KeptStatement, { environment, asked });
  settle(body.kind === 'insert' ? body.text : body.plan);
  trace.close();
  return {
    statement,
    body,
    databases: [...asked.databases.values()],
    variables: [...asked.variables.values()],
    ownReferences: [...asked.ownReferences].map(([database, own]) => ({ database, own })),
    literals: trace.guards,
    allowed: new WeakMap(),
  };
}

function makeBody(
  { parts, session, run }: KeepRequest,
  statement: KeptStatement,
  { environment, asked }: { readonly environment: ResolveEnvironment; readonly asked: Asked },
): KeptBody {
  const { catalog } = environment;
  const own = notingReferences(ownReferences(createExecution(parts, session)), asked);
  switch (statement.kind) {
    case 'insert': {
      const insert = resolveInsert(statement, environment, run.store);
      refuseQueries(insert);
      return { kind: 'insert', insert, text: insertText(insert) };
    }
    case 'update':
    case 'delete': {
      if (statement.ignore && statement.kind === 'update') throw new NotKeptError('IGNORE');
      const [change, ...others] = resolveChanges(statement, environment, run.store);
      if (change === undefined || others.length > 0) throw new NotKeptError('several tables');
      const plan = planChange(change, catalog, own);
      if (plan.kind !== 'change') throw new NotKeptError(plan.reason);
      return { kind: 'change', plan };
    }
    default: {
      if (statement.kind === 'select' && !isPlain(statement)) throw new NotKeptError('variables');
      const plan = planQuery(resolveQuery(statement, environment), catalog, own);
      return { kind: 'query', plan };
    }
  }
}

function isPlain(select: Extract<KeptStatement, { kind: 'select' }>): boolean {
  return !select.calculateFoundRows && select.intoVariables.length === 0;
}

/** Queries within an INSERT are planned when it runs, by what the literals are then. */
function refuseQueries({ source, onDuplicate }: ResolvedInsert): void {
  if (source.kind !== 'values') throw new NotKeptError('rows from elsewhere');
  if (onDuplicate !== null && onDuplicate.lastInsertId !== null) {
    throw new NotKeptError('LAST_INSERT_ID(n)');
  }
  const values = source.rows.flat().filter((value) => value.kind !== 'default');
  const assigned = (onDuplicate?.assignments ?? []).map(({ value }) => value);
  if ([...values, ...assigned].some(containsQuery)) throw new NotKeptError('a query in VALUES');
}

function notingReferences(own: OwnReferences, asked: Asked): OwnReferences {
  return (database) => {
    const answer = own(database);
    asked.ownReferences.set(database, answer);
    return answer;
  };
}

/** The session's environment, which writes down what it is asked. */
function tracingEnvironment(
  { parts, session, fingerprint }: KeepRequest,
  { syntax, trace, asked }: { syntax: TracedSyntax; trace: SlotTrace; asked: Asked },
): ResolveEnvironment {
  const plain = resolveEnvironment(parts, session, []);
  const places = fingerprint.literals.flatMap(({ kind }, i) => (kind === 'parameter' ? [i] : []));
  return {
    ...plain,
    catalog: {
      refresh: (name) => plain.catalog.refresh(name),
      databases: () => refuse('all databases'),
      database: (name) => {
        const definition = plain.catalog.database(name);
        asked.databases.set(name, definition);
        return definition;
      },
    },
    virtualTables: {
      isVirtualDatabase: (name) => plain.virtualTables.isVirtualDatabase(name),
      columns: () => refuse('a virtual table'),
    },
    systemVariable: (scope, name) => {
      const value = plain.systemVariable(scope, name);
      asked.variables.set(`${scope ?? ''}.${name}`, { scope, name, value });
      return value;
    },
    userVariableType: () => refuse('a user variable'),
    parameter: (index) => openParameter(trace, must(places[index])),
    literal: (node) => syntax.literals.get(node) ?? null,
  };
}

function openParameter(
  trace: SlotTrace,
  index: number,
): ReturnType<NonNullable<ResolveEnvironment['parameter']>> {
  const { type, value } = trace.value(index);
  // NULL has a type of its own, by which another plan is found.
  if (value === null) return { kind: 'constant', value, type, nullable: true };
  const slot = must(trace.slot(index));
  return slotConstant(slot, slotType(type, slot));
}

function refuse(what: string): never {
  throw new NotKeptError(what);
}

/** Looks at everything in a plan that is not a literal's own: what it reads now is noted. */
function settle(value: unknown): void {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return;
  for (const [key, part] of Object.entries(value)) {
    if (key !== 'route' && key !== 'slot' && key !== 'table') settle(part);
  }
}
