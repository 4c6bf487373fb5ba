// The arguments of `npm run bench`.

export interface BenchArguments {
  /** Null: list the benchmarks. */
  readonly name: string | null;
  /** Measured seconds of each server in each setting. */
  readonly seconds: number;
  readonly clients: readonly number[];
  readonly protocols: readonly string[] | null;
  /** Names of servers; null for the benchmark's own choice. */
  readonly servers: readonly string[] | null;
  /** Where the figures go as JSON. */
  readonly json: string | null;
  /** Where Twinleaf's processes leave CPU profiles. */
  readonly profile: string | null;
}

export const usage = `npm run bench                     lists the benchmarks
npm run bench -- NAME [options]
  --seconds N          measured seconds of each server in each setting [default: 10]
  --clients 1,8,32     numbers of clients
  --protocols text,prepared
  --servers A,B        which servers, the first being what the others are compared with;
                       twinleaf@DIR is Twinleaf as another checkout has it
  --json FILE          writes the figures there, too
  --profile DIR        CPU profiles of Twinleaf's processes go there`;

/** Takes the arguments apart. Throws an Error that says what is wrong. */
export function parseArguments(args: readonly string[]): BenchArguments {
  let name: string | null = null;
  const options = new Map<string, string>();
  for (let index = 0; index < args.length; index++) {
    const arg = args[index] ?? '';
    if (!arg.startsWith('--')) {
      if (name !== null) throw new Error(`one benchmark at a time: ${name} or ${arg}?`);
      name = arg;
      continue;
    }
    const value = args[++index];
    if (!knownOptions.has(arg)) throw new Error(`there is no option ${arg}`);
    if (value === undefined) throw new Error(`${arg} needs a value`);
    options.set(arg, value);
  }
  return {
    name,
    seconds: positive('--seconds', options.get('--seconds') ?? '10'),
    clients: (listOf(options, '--clients') ?? ['1', '8', '32']).map((each) =>
      positive('--clients', each),
    ),
    protocols: listOf(options, '--protocols'),
    servers: listOf(options, '--servers'),
    json: options.get('--json') ?? null,
    profile: options.get('--profile') ?? null,
  };
}

const knownOptions = new Set([
  ...['--seconds', '--clients', '--protocols', '--servers', '--json', '--profile'],
]);

function listOf(options: ReadonlyMap<string, string>, name: string): string[] | null {
  return options.get(name)?.split(',') ?? null;
}

function positive(option: string, text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new Error(`${option} takes numbers above 0, not ${text}`);
}
