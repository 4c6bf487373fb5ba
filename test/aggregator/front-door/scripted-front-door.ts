// A front door whose query engine answers from a script, for trying the protocol alone.

import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import { FrontDoor } from '#aggregator/front-door/server.ts';
import { makeVerifiers, type AccountDefinition } from '#aggregator/metadata/account.ts';
import type { PreparedShape, QueryEngine } from '#aggregator/query-engine.ts';
import { SessionRegistry } from '#aggregator/session-registry.ts';
import { GlobalVariables } from '#aggregator/session-variables.ts';
import type { Session } from '#aggregator/session.ts';
import { ok, type StatementResult } from '#aggregator/statement-result.ts';
import { realClock } from '#shared/clock.ts';
import { databaseError } from '#shared/error.ts';
import { createLogger } from '#shared/logger.ts';
import type { SourceValue } from '#shared/sql/store-value.ts';

export type Script = (
  session: Session,
  text: string,
  parameters: readonly SourceValue[],
) => AsyncIterable<StatementResult> | StatementResult;

export interface ScriptedFrontDoor {
  readonly port: number;
  readonly door: FrontDoor;
  readonly registry: SessionRegistry;
  readonly variables: GlobalVariables;
  /** Every text that reached the engine, in order. */
  readonly texts: string[];
  readonly sessions: Session[];
  readonly nodes: { socket: Socket; firstPacket: Buffer }[];
}

/** Accounts by name, each from anywhere; `native` and `sha2` keep one verifier alone. */
const accounts: Record<string, AccountDefinition> = {
  root: account('root', 'secret'),
  empty: account('empty', ''),
  locked: { ...account('locked', 'secret'), locked: true },
  native: {
    ...account('native', 'secret'),
    verifiers: { sha1: makeVerifiers('secret').sha1, sha256: null },
  },
  sha2: {
    ...account('sha2', 'secret'),
    verifiers: { sha1: null, sha256: makeVerifiers('secret').sha256 },
  },
};

function account(user: string, password: string): AccountDefinition {
  return { user, host: '%', verifiers: makeVerifiers(password), locked: false, grants: [] };
}

export function sha1(bytes: Uint8Array): Buffer {
  return createHash('sha1').update(bytes).digest();
}

export interface ScriptedOptions {
  readonly script: Script;
  readonly shape?: (text: string) => PreparedShape;
  readonly maxConnections?: number;
}

function scriptedEngine(options: ScriptedOptions, seen: ScriptedFrontDoor): QueryEngine {
  return {
    async *execute(session, text, parameters = []) {
      seen.texts.push(text);
      seen.sessions.push(session);
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
      seen.texts.push(text);
      const parameterCount = text.split('?').length - 1;
      return options.shape?.(text) ?? { parameterCount, columns: [] };
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
    maxConnections: 100,
  });
  const registry = new SessionRegistry(realClock);
  const nodes: ScriptedFrontDoor['nodes'] = [];
  const seen = { port: 0, registry, variables, texts: [], sessions: [], nodes };
  const late: { door?: ScriptedFrontDoor } = {};
  const door = new FrontDoor({
    engine: scriptedEngine(options, seen as unknown as ScriptedFrontDoor),
    accounts: { match: (user) => accounts[user] ?? null },
    variables,
    registry,
    clock: realClock,
    logger: createLogger('error'),
    serverVersion: '8.0.36-twinleaf-test',
    maxConnections: options.maxConnections ?? 100,
    onNodeConnection: (socket, firstPacket) => nodes.push({ socket, firstPacket }),
  });
  const port = await door.listen({ host: '127.0.0.1', port: 0 });
  late.door = { ...seen, port, door };
  return late.door;
}
