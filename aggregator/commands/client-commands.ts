// The commands of a session and of a server in one table: SHOW, SET, transactions, and the like.

import type { Accounts } from '#aggregator/metadata/accounts.ts';
import type { InformationSchema } from '#aggregator/metadata/information-schema.ts';
import type { ShowWhat } from '#aggregator/parser/ast.ts';
import type { SyntaxEngine } from '#aggregator/query-engine.ts';
import type { SessionRegistry } from '#aggregator/session-registry.ts';
import type { Session } from '#aggregator/session.ts';
import type { TransactionCoordinator } from '#aggregator/transaction/transaction-coordinator.ts';
import { createAccountCommands, createSetPassword } from './account/account-commands.ts';
import { createGrantCommands } from './account/grant-commands.ts';
import type { CommandTable } from './command.ts';
import { createEvaluate } from './evaluate.ts';
import { maintenanceCommands } from './maintenance/maintain-tables.ts';
import { createPrepareCommands } from './session/prepare-commands.ts';
import { createSessionCommands, type SessionCommandParts } from './session/session-commands.ts';
import { createTransactionCommands } from './session/transaction-commands.ts';
import { createSetCommands, type SetParts } from './set/set-command.ts';
import type { ShowAnswer } from './show/show-answer.ts';
import { createShowCommands } from './show/show-command.ts';

export interface ClientCommandParts {
  readonly accounts: Accounts;
  readonly schema: InformationSchema;
  readonly registry: SessionRegistry;
  readonly killElsewhere: SessionCommandParts['killElsewhere'];
  readonly reloadTls: SessionCommandParts['reloadTls'];
  readonly transactions: Pick<TransactionCoordinator, 'begin'>;
  /** Absent where the accounts are this aggregator's to change. */
  readonly setPassword?: SetParts['setPassword'];
  /** Asked for when used: the engine is made after its commands. */
  readonly engine: () => SyntaxEngine;
  /** What the replication family shows, before LIKE and WHERE; null where it is not theirs. */
  readonly showReplication: (session: Session, what: ShowWhat) => Promise<ShowAnswer | null>;
}

/** Accounts and grants: the master aggregator's alone. */
export function accountCommands(accounts: Accounts): CommandTable {
  return { ...createAccountCommands(accounts), ...createGrantCommands(accounts) };
}

export function createClientCommands(parts: ClientCommandParts): CommandTable {
  const { accounts, schema, registry, transactions, engine, showReplication } = parts;
  const { killElsewhere, reloadTls } = parts;
  const evaluate = createEvaluate(engine);
  const setPassword = parts.setPassword ?? createSetPassword(accounts);
  return {
    ...createSetCommands({ evaluate, setPassword }),
    ...createShowCommands({ schema, accounts, evaluate, others: showReplication }),
    ...createTransactionCommands({
      transactions,
      disconnect: (session) => registry.kill(session.id, 'connection'),
    }),
    ...createSessionCommands({
      ...{ evaluate, accounts, registry, killElsewhere, reloadTls },
      virtualTables: schema,
    }),
    ...createPrepareCommands({ evaluate, engine }),
    ...maintenanceCommands(engine),
  };
}
