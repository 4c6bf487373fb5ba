// Twinleaf as real processes: a whole cluster in one, or an aggregator and leaves of their own.

import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { realClock } from '#shared/clock.ts';
import { freePorts } from '#benchmarks/measure/free-ports.ts';
import { scratchDirectory } from '#benchmarks/measure/scratch.ts';
import { connectWhenReady, type DatabaseServer, type Login } from './database-server.ts';
import { ServerProcess } from './server-process.ts';

const ownTree = fileURLToPath(new URL('../..', import.meta.url));
const password = 'leaf-and-twig';
const ONLINE_MS_MAX = 60_000;
const POLL_MS = 50;

export interface TwinleafServer extends DatabaseServer {
  readonly processes: readonly ServerProcess[];
  readonly dataDirectory: string;
}

export interface TwinleafOptions {
  readonly name?: string;
  /** Leaves; 2 unless given, as `twinleaf start` has them. */
  readonly leaves?: number;
  /** The checkout that is run; this one unless given. */
  readonly tree?: string;
  /** Where each process writes a CPU profile at its end; none unless given. */
  readonly profileDirectory?: string | null;
}

/** One process, as `twinleaf start` makes it. */
export async function startEmbedded(options: TwinleafOptions = {}): Promise<TwinleafServer> {
  const [port = 0] = await freePorts(1);
  return inDirectory({ name: 'twinleaf', ...options }, port, async (start, directory) => {
    const place = ['--data-dir', directory, '--port', String(port), '--leaf-port', '0'];
    const leaves = ['--leaves', String(options.leaves ?? 2)];
    await start('start', ['start', ...place, ...leaves, '--root-password', password]);
  });
}

/** An aggregator and its leaves, each a process. */
export async function startSeparate(options: TwinleafOptions = {}): Promise<TwinleafServer> {
  const [port = 0, ...leafPorts] = await freePorts(1 + (options.leaves ?? 2));
  return inDirectory({ name: 'twinleaf separate', ...options }, port, async (start, directory) => {
    const dataDir = join(directory, 'aggregator');
    const place = ['--data-dir', dataDir, '--port', String(port)];
    await start('aggregator', ['aggregator', ...place, '--root-password', password]);
    const joining = ['--join', `127.0.0.1:${port}`, '--token', joinToken(options, dataDir)];
    for (const [index, leafPort] of leafPorts.entries()) {
      const name = `leaf-${index + 1}`;
      const leafPlace = ['--data-dir', join(directory, name), '--port', String(leafPort)];
      await start(name, ['leaf', ...leafPlace, ...joining]);
    }
  });
}

/** Runs `begin` in a directory of its own; when that fails, nothing of it is left. */
async function inDirectory(
  options: TwinleafOptions & { readonly name: string },
  port: number,
  begin: (
    start: (name: string, args: readonly string[]) => Promise<void>,
    directory: string,
  ) => Promise<void>,
): Promise<TwinleafServer> {
  const directory = scratchDirectory('twinleaf');
  const processes: ServerProcess[] = [];
  async function stop(): Promise<void> {
    for (const each of processes.toReversed()) await each.stop();
    directory.remove();
  }
  try {
    await begin(async (name, args) => {
      processes.push(await startNode(options, join(directory.path, `${name}.log`), args));
    }, directory.path);
    const login: Login = { host: '127.0.0.1', port, user: 'root', password };
    await waitOnline(login, processes, options.leaves ?? 2);
    const { name } = options;
    const pids = (): number[] => processes.map(({ pid }) => pid);
    const dataDirectory = directory.path;
    return { name, dialect: 'twinleaf', login, processes, dataDirectory, pids, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function launcherOf({ tree = ownTree }: TwinleafOptions): string {
  return join(tree, 'cli', 'twinleaf.js');
}

function joinToken(options: TwinleafOptions, dataDir: string): string {
  const args = [launcherOf(options), 'token', '--data-dir', dataDir];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`twinleaf token failed: ${stderr}`);
  return stdout.trim();
}

function startNode(
  options: TwinleafOptions,
  logPath: string,
  args: readonly string[],
): Promise<ServerProcess> {
  const { profileDirectory = null } = options;
  if (profileDirectory !== null) mkdirSync(profileDirectory, { recursive: true });
  const profile =
    profileDirectory === null ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileDirectory}`];
  return ServerProcess.start({
    name: `twinleaf ${args[0] ?? ''}`,
    program: process.execPath,
    args: [...profile, launcherOf(options), ...args],
    logPath,
    readyPrefix: 'ready',
  });
}

async function waitOnline(
  login: Login,
  processes: readonly ServerProcess[],
  leaves: number,
): Promise<void> {
  const deadline = realClock.monotonicMs() + ONLINE_MS_MAX;
  const check = (): void => {
    for (const each of processes) each.assertRunning();
    if (realClock.monotonicMs() > deadline) throw new Error('the leaves do not come online');
  };
  const connection = await connectWhenReady(login, check);
  for (;;) {
    check();
    const [rows] = await connection.query('SHOW LEAVES');
    const states = (rows as { State: string }[]).map(({ State }) => State);
    if (states.filter((state) => state === 'online').length === leaves) break;
    await realClock.sleep(POLL_MS);
  }
  await connection.end();
}
