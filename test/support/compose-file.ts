// What docker-compose makes of our compose files, and the Dockerfile's part of it.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A service as it is started. */
export interface ComposeService {
  readonly name: string;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Path within the service → volume, or a path of this machine. */
  readonly volumes: ReadonlyMap<string, string>;
  /** Names of services that are waited for, and whether they must be healthy. */
  readonly dependsOn: ReadonlyMap<string, boolean>;
  /** The shell command that tells whether the service is healthy. */
  readonly healthCheck: string | null;
  readonly sysctls: Readonly<Record<string, string>>;
}

const directory = fileURLToPath(new URL('../../compose/', import.meta.url));

export function hasDockerCompose(): boolean {
  try {
    execFileSync('docker-compose', ['--version'], { stdio: 'ignore', timeout: 20_000 });
    return true;
  } catch {
    return false;
  }
}

/** `docker-compose config` of files in compose/, which throws when one is wrong. */
function composeConfig(files: readonly string[], variables: Readonly<Record<string, string>>) {
  const args = [...files.flatMap((file) => ['-f', directory + file]), 'config'];
  const options = {
    encoding: 'utf8',
    env: { ...process.env, ...variables },
    stdio: 'pipe',
    timeout: 30_000,
  } as const;
  // Its second version writes JSON; the first one writes YAML and brings Python's reader along.
  const version = execFileSync('docker-compose', ['version', '--short'], options);
  if (!/^v?1\./.test(version.trim())) {
    return execFileSync('docker-compose', [...args, '--format', 'json'], options);
  }
  const program = 'import json, sys, yaml; print(json.dumps(yaml.safe_load(sys.stdin)))';
  const input = execFileSync('docker-compose', args, options);
  return execFileSync('python3', ['-c', program], { encoding: 'utf8', input, timeout: 30_000 });
}

/** The services of these files, one laid over the other, in the order of their starts. */
export function readCompose(
  files: readonly string[],
  variables: Readonly<Record<string, string>> = {},
): ComposeService[] {
  const config = record(JSON.parse(composeConfig(files, variables)));
  const image = readDockerfile();
  const waiting = Object.entries(record(config['services'])).map(([name, value]) =>
    readService(name, record(value), image),
  );
  const started: ComposeService[] = [];
  while (waiting.length > 0) {
    const index = waiting.findIndex(({ dependsOn }) =>
      [...dependsOn.keys()].every((name) => started.some((service) => service.name === name)),
    );
    if (index === -1) throw new Error('services depend on each other in a circle');
    started.push(...waiting.splice(index, 1));
  }
  return started;
}

interface Image {
  readonly entrypoint: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

function readDockerfile(): Image {
  const text = readFileSync(`${directory}Dockerfile`, 'utf8');
  const entrypoint = /^ENTRYPOINT (\[.*\])$/m.exec(text)?.[1] ?? '[]';
  const environment = [...text.matchAll(/^ENV (.*)$/gm)]
    .flatMap(([, pairs = '']) => pairs.split(/\s+/))
    .map((pair) => pair.split('=') as [string, string]);
  return {
    entrypoint: texts(JSON.parse(entrypoint)),
    environment: Object.fromEntries(environment),
  };
}

function readService(name: string, service: Record<string, unknown>, image: Image): ComposeService {
  const check = texts(record(service['healthcheck'] ?? {})['test'] ?? []);
  if (check.length > 0 && check[0] !== 'CMD-SHELL') throw new Error('a check is no CMD-SHELL');
  const dependsOn = Object.entries(record(service['depends_on'] ?? {})).map(
    ([other, how]) => [other, record(how)['condition'] === 'service_healthy'] as const,
  );
  const environment = Object.entries(record(service['environment'] ?? {})).map(
    ([key, value]) => [key, String(value ?? '')] as const,
  );
  const sysctls = Object.entries(record(service['sysctls'] ?? {})).map(
    ([key, value]) => [key, String(value)] as const,
  );
  return {
    name,
    entrypoint: texts(service['entrypoint'] ?? image.entrypoint),
    command: texts(service['command'] ?? []),
    environment: { ...image.environment, ...Object.fromEntries(environment) },
    volumes: new Map((service['volumes'] as unknown[] | undefined)?.map(readVolume) ?? []),
    dependsOn: new Map(dependsOn),
    healthCheck: check[1] ?? null,
    sysctls: Object.fromEntries(sysctls),
  };
}

/** `source:target[:mode]`, or an object with these. */
function readVolume(volume: unknown): [string, string] {
  if (typeof volume === 'string') {
    const [source = '', target = ''] = volume.split(':');
    return [target, source];
  }
  const { source, target } = record(volume);
  return [String(target), String(source)];
}

function record(value: unknown): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw new Error(`an object was expected, not ${JSON.stringify(value)}`);
}

/** Words; `config` doubles their dollars, for it is a compose file again. */
function texts(value: unknown): string[] {
  if (!Array.isArray(value)) throw new Error(`a list was expected, not ${JSON.stringify(value)}`);
  return value.map((each) => String(each).replaceAll('$$', '$'));
}
