// Runs a statement by a kept plan: the short way, beside which the long one stays as it is.

import { runPlan } from '#aggregator/executor/run-change.ts';
import type { Execution } from '#aggregator/executor/execution.ts';
import {
  changeAnswer,
  insertRows,
  rowsOfPlan,
  type StatementRun,
} from '#aggregator/run-statement.ts';
import { createExecution, resolveEnvironment } from '#aggregator/statement-environment.ts';
import type { StatementResult } from '#aggregator/statement-result.ts';
import { openImplicitly, refuseInReadOnly, remembered } from '#aggregator/statement-traces.ts';
import { withFreshCatalog } from '#aggregator/with-fresh-catalog.ts';
import type { KeptBody, KeptPlan, KeptStatement } from './kept-plan.ts';
import type { KeptCandidate, KeptStatements } from './kept-statements.ts';

export interface KeptCall {
  readonly run: StatementRun;
  readonly kept: KeptStatements;
  readonly candidate: KeptCandidate;
  /** Plans a statement for itself and runs it. */
  readonly planned: (statement: KeptStatement) => Promise<StatementResult>;
}

/** Null, and nothing has happened, where the statement must be planned for itself. */
export async function runKept(call: KeptCall): Promise<StatementResult | null> {
  const { session } = call.run;
  session.warnings = [];
  const plan = call.kept.plan(session, call.candidate);
  return plan === null ? null : runKnown(call, plan);
}

/** By a plan that holds for this run. */
export async function runKnown(call: KeptCall, plan: KeptPlan): Promise<StatementResult> {
  const { parts, session } = call.run;
  session.warnings = [];
  parts.counts.note(plan.statement);
  refuseInReadOnly(session, plan.statement);
  openImplicitly(parts.transactions, session, plan.statement);
  return remembered(session, () => runFresh(call, plan));
}

/** By this plan, and by one that is made anew after the schema has moved on. */
async function runFresh(call: KeptCall, first: KeptPlan): Promise<StatementResult> {
  const { run, kept, candidate, planned } = call;
  const { parts, session } = run;
  const { statement } = first;
  let plan: KeptPlan | null = first;
  return withFreshCatalog(parts.context, { session, statement }, async () => {
    const current = plan ?? kept.plan(session, candidate);
    plan = null;
    // Its literals are those of the run that the plan was made in: this run's are in its text.
    if (current === null) return planned(kept.parse(candidate.text, candidate.options));
    return runBody(run, current.body, createExecution(parts, session, candidate.literals));
  });
}

async function runBody(
  { parts, session }: StatementRun,
  body: KeptBody,
  execution: Execution,
): Promise<StatementResult> {
  switch (body.kind) {
    case 'query':
      return rowsOfPlan(session, body.plan, execution);
    case 'insert': {
      const environment = resolveEnvironment(parts, session, []);
      return insertRows(session, execution, { ...body, environment });
    }
    case 'change': {
      const rows = await runPlan(execution, body.plan);
      return changeAnswer(session, body.plan.count.kind, rows);
    }
  }
}
