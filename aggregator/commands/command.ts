// What a statement that is no query is to the query engine: a function, found by the kind.

import type { AggregatorContext } from '#aggregator/aggregator-context.ts';
import type { Statement } from '#aggregator/parser/ast.ts';
import type { Session } from '#aggregator/session.ts';
import type { StatementResult } from '#aggregator/statement-result.ts';

export type StatementKind = Statement['kind'];

/** The node whose kind may be K: some nodes stand for two or three kinds. */
type NodeOf<S, K> = S extends { readonly kind: infer SK } ? (K extends SK ? S : never) : never;

/** Carries out a statement of kind K. Its privileges have been checked by then. */
export type Command<K extends StatementKind = StatementKind> = (
  context: AggregatorContext,
  session: Session,
  statement: NodeOf<Statement, K>,
) => Promise<StatementResult>;

/** A family of commands by kind; the engine is given all families in one table. */
export type CommandTable = { readonly [K in StatementKind]?: Command<K> };
