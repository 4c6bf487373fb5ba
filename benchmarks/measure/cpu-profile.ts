// What a CPU profile of a process says: where its time went, by function and by file.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatTable } from './table.ts';

/** The part of V8's profile format that is read here. */
interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: {
      readonly functionName: string;
      readonly url: string;
      readonly lineNumber: number;
    };
    readonly children?: readonly number[];
  }[];
  readonly samples: readonly number[];
  /** Microseconds since the sample before. */
  readonly timeDeltas: readonly number[];
}

/** Time in microseconds by what it is called, the longest first. */
type Times = readonly (readonly [string, number])[];

export interface ProfileSummary {
  /** Microseconds in which the process did anything. */
  readonly busy: number;
  readonly byFunction: Times;
  readonly byFile: Times;
  /** With everything that was called from it. */
  readonly inclusive: Times;
}

const notBusy = new Set(['(idle)', '(program)', '(root)']);

/** Adds up a profile's samples. `root` is cut off from the files' paths. */
export function summarizeProfile(profile: CpuProfile, root: string): ProfileSummary {
  const self = new Map<number, number>();
  profile.samples.forEach((id, index) => {
    self.set(id, (self.get(id) ?? 0) + (profile.timeDeltas[index] ?? 0));
  });
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const byFunction = new Map<string, number>();
  const byFile = new Map<string, number>();
  const inclusive = new Map<string, number>();
  let busy = 0;

  function add(times: Map<string, number>, key: string, time: number): void {
    times.set(key, (times.get(key) ?? 0) + time);
  }
  function visit(id: number, above: ReadonlySet<string>): number {
    const node = nodes.get(id);
    if (node === undefined) return 0;
    const { functionName, url, lineNumber } = node.callFrame;
    const file = fileOf(url, root);
    const name = `${functionName || '(anonymous)'} ${file}:${lineNumber + 1}`;
    const own = self.get(id) ?? 0;
    const within = above.has(name) ? above : new Set([...above, name]);
    const below = (node.children ?? []).reduce((sum, child) => sum + visit(child, within), 0);
    if (notBusy.has(functionName)) return below;
    busy += own;
    add(byFunction, name, own);
    add(byFile, url === '' ? functionName : file, own);
    if (!above.has(name)) add(inclusive, name, own + below);
    return own + below;
  }
  const first = profile.nodes[0];
  if (first !== undefined) visit(first.id, new Set());
  return {
    busy,
    byFunction: sorted(byFunction),
    byFile: sorted(byFile),
    inclusive: sorted(inclusive),
  };
}

function sorted(times: ReadonlyMap<string, number>): Times {
  return [...times].sort(([, a], [, b]) => b - a);
}

function fileOf(url: string, root: string): string {
  const path = url.replace(/^file:\/\//, '');
  return path.startsWith(root) ? path.slice(root.length + 1) : path;
}

/** Lines about the profiles in a directory: the busiest one's `top` of each kind. */
export function profileLines(directory: string, root: string, top = 25): string[] {
  const files = readdirSync(directory).filter((name) => name.endsWith('.cpuprofile'));
  const summaries = files.map((name) => {
    const profile = JSON.parse(readFileSync(join(directory, name), 'utf8')) as CpuProfile;
    return { name, ...summarizeProfile(profile, root) };
  });
  const [busiest, ...others] = summaries.sort((a, b) => b.busy - a.busy);
  if (busiest === undefined) return [];
  const part = (times: Times): string[] =>
    formatTable(
      ['where', 'ms', '%'],
      times
        .slice(0, top)
        .map(([where, time]) => [
          where,
          (time / 1000).toFixed(0),
          ((time * 100) / busiest.busy).toFixed(1),
        ]),
    );
  return [
    '',
    `${busiest.name}: busy ${(busiest.busy / 1e6).toFixed(1)} s`,
    ...['', 'own time by function', ...part(busiest.byFunction)],
    ...['', 'own time by file', ...part(busiest.byFile)],
    ...['', 'time with what was called', ...part(busiest.inclusive)],
    '',
    ...others.map(({ name, busy }) => `${name}: busy ${(busy / 1e6).toFixed(1)} s`),
  ];
}
