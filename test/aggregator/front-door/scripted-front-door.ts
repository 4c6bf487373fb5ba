// A front door whose query engine answers from a script, for trying the protocol alone.

import type { Socket } from 'node:net';
import { FrontDoor } from '#aggregator/front-door/server.ts';
import {
  makeVerifiers,
  noPassword,
  plainAccount,
  type AccountDefinition,
} from '#aggregator/metadata/account.ts';
import type { PreparedShape, QueryEngine } from '#aggregator/query-engine.ts';
import { SessionRegistry } from '#aggregator/session-registry.ts';
import { GlobalVariables } from '#aggregator/session-variables.ts';
import type { Session } from '#aggregator/session.ts';
import { ok, type StatementResult } from '#aggregator/statement-result.ts';
import { realClock } from '#shared/clock.ts';
import { databaseError } from '#shared/error.ts';
import { createLogger } from '#shared/logger.ts';
import type { SourceValue } from '#shared/sql/source-value.ts';

export type Script = (
  session: Session,
  text: string,
  parameters: readonly SourceValue[],
) => AsyncIterable<StatementResult> | StatementResult;

export interface ScriptedOptions {
  readonly script: Script;
  readonly shape?: (text: string) => PreparedShape;
  readonly maxConnections?: number;
}

/** A connection that was handed over: its socket, and what came on it. */
export interface ScriptedNode {
  readonly socket: Socket;
  readonly firstPacket: Buffer;
  readonly received: Buffer[];
}

export interface ScriptedFrontDoor {
  readonly port: number;
  readonly door: FrontDoor;
  readonly registry: SessionRegistry;
  readonly variables: GlobalVariables;
  /** Every text that reached the engine, in order. */
  readonly texts: readonly string[];
  readonly nodes: readonly ScriptedNode[];
}

function account(user: string, password: string): AccountDefinition {
  return { ...plainAccount, user, host: '%', verifiers: makeVerifiers(password) };
}

/** Accounts from anywhere; the password of all but `empty` is `secret`. */
const accounts: Readonly<Record<string, AccountDefinition>> = {
  root: {
    ...account('root', 'secret'),
    grants: [{ database: null, table: null, privileges: ['SUPER'], grantOption: false }],
  },
  empty: account('empty', ''),
  locked: { ...account('locked', 'secret'), locked: true },
  native: {
    ...account('native', 'secret'),
    verifiers: { ...noPassword, sha1: makeVerifiers('secret').sha1 },
  },
  sha2: {
    ...account('sha2', 'secret'),
    verifiers: { ...noPassword, sha256: makeVerifiers('secret').sha256 },
  },
};

function scriptedEngine(options: ScriptedOptions, texts: string[]): QueryEngine {
  return {
    async *execute(session, text, parameters = []) {
      texts.push(text);
      const use = /^USE `(.*)`$/.exec(text);
      if (use !== null) {
        if (use[1] === 'missing') throw databaseError('unknownDatabase', { name: 'missing' });
        session.database = use[1] ?? null;
        yield ok();
        return;
      }
      const answer = options.script(session, text, parameters);
      if ('kind' in answer) yield answer;
      else yield* answer;
    },
    async prepare(_session, text) {
      if (options.shape !== undefined) return options.shape(text);
      return { parameterCount: text.split('?').length - 1, columns: [] };
    },
  };
}

/** Listens on a free port of this machine. */
export async function openScripted(options: ScriptedOptions): Promise<ScriptedFrontDoor> {
  const variables = new GlobalVariables({
    version: '8.0.36-twinleaf-test',
    hostname: 'test',
    port: 0,
    serverUuid: '00000000-0000-0000-0000-000000000000',
    dataDirectory: '',
    maxConnections: options.maxConnections ?? 100,
  });
  const registry = new SessionRegistry(realClock);
  const texts: string[] = [];
  const nodes: ScriptedNode[] = [];
  const door = new FrontDoor({
    engine: scriptedEngine(options, texts),
    accounts: {
      match: (user) => accounts[user] ?? null,
      decoy: () => ({ sha1: new Uint8Array(20), sha256: new Uint8Array(32), crypt: null }),
    },
    variables,
    registry,
    clock: realClock,
    logger: createLogger('error', {}, () => undefined),
    serverVersion: '8.0.36-twinleaf-test',
    onNodeConnection: (socket, firstPacket) => {
      const received: Buffer[] = [];
      socket.on('data', (chunk: Buffer) => received.push(chunk));
      nodes.push({ socket, firstPacket, received });
    },
  });
  const port = await door.listen({ host: '127.0.0.1', port: 0 });
  return { port, door, registry, variables, texts, nodes };
}

/** Opens one for `work`, and closes it. */
export async function withScript(
  script: Script,
  work: (opened: ScriptedFrontDoor) => Promise<void>,
): Promise<void> {
  const opened = await openScripted({ script });
  try {
    await work(opened);
  } finally {
    await opened.door.close();
  }
}
