// Makes the query engine of an aggregator, master or child, from its parts.

import type { ClientParts } from './client-parts.ts';
import { createClientCommands, type ClientCommandParts } from './commands/client-commands.ts';
import type { CommandTable } from './commands/command.ts';
import { reloadTls } from './front-door/server-tls.ts';
import { PlanCache } from './kept-plans/plan-cache.ts';
import { createAuthorizer } from './metadata/authorize.ts';
import { findTable } from './metadata/find-table.ts';
import { virtualTable, type VirtualSources } from './metadata/information-schema/virtual-table.ts';
import { InformationSchema } from './metadata/information-schema.ts';
import { ownAccount } from './own-session.ts';
import { describeView } from './planner/describe-view.ts';
import type { ResolveEnvironment } from './planner/resolve-environment.ts';
import { createQueryEngine, type Forwarding, type SyntaxEngine } from './query-engine.ts';
import { replicationViews } from './replication/replication-views.ts';
import type { Session } from './session.ts';

type HowItDiffers = Pick<ClientCommandParts, 'killElsewhere' | 'setPassword' | 'showReplication'>;

type NeededParts = Omit<ClientParts, 'leaves' | 'membership' | 'variables'>;

export interface AggregatorEngineParts extends NeededParts, HowItDiffers {
  /** What defines, links and saves: the master's alone. */
  readonly clusterCommands?: CommandTable;
  /** What a child leaves to the master, given the commands that it has itself. */
  readonly forwarding?: (commands: CommandTable) => Forwarding;
}

/** Plans are kept; they and the grants that they were allowed by follow the metadata. */
export function makeAggregatorEngine(parts: AggregatorEngineParts): SyntaxEngine {
  const { context, accounts, transactions } = parts;
  const plans = new PlanCache();
  const schema = openSchema(parts, plans, (session) => engine.environment(session));
  const authorizer = createAuthorizer(
    accounts,
    (database, table) => findTable(context.catalog, database, table)?.view ?? null,
  );
  const commands: CommandTable = {
    ...createClientCommands({
      ...parts,
      schema,
      reloadTls: () => reloadTls(parts.tls),
      engine: () => engine,
    }),
    // Last: UNLOCK TABLES lowers the write fence here, and does nothing elsewhere.
    ...parts.clusterCommands,
  };
  const engine: SyntaxEngine = createQueryEngine({
    ...{ context, commands, transactions },
    virtualTables: schema,
    authorize: (session, statement) => {
      if (session.account !== ownAccount) authorizer.authorize(session, statement);
    },
    grantsVersion: () => authorizer.version,
    planCache: plans,
    counts: parts.registry.statements,
    ...(parts.forwarding === undefined ? {} : { forwarding: parts.forwarding(commands) }),
  });
  return engine;
}

/** The links' views stand in information_schema beside its own tables. */
function openSchema(
  parts: AggregatorEngineParts,
  plans: PlanCache,
  environment: (session: Session) => ResolveEnvironment,
): InformationSchema {
  const { context, accounts, registry, sequences } = parts;
  const { catalog, leaves, clock, nodeId } = context;
  const nextNumber = (database: string, tableId: number) => sequences.next(database, tableId);
  const described: VirtualSources['described'] = (session, database, table) =>
    describeView(environment(session), database, table);
  return new InformationSchema(
    { catalog, accounts, registry, plans, leaves, clock, nodeId, nextNumber, described },
    replicationViews({ catalog, leaves, clock }).map(({ name, columns, rows }) =>
      virtualTable(name, columns, rows),
    ),
  );
}
