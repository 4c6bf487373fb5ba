// Hosts of a test's own: Linux network namespaces on a bridge that is in a namespace as well.
//
// Nothing is added to the machine's own network: the bridge lives in a namespace that is the
// network, and a host's link goes from its namespace into that one. A host is cut off by taking
// its port off the bridge: links stay up and what is sent vanishes, so nobody is told.

import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';

/** Where `ip netns exec` finds what a namespace has instead of the machine's /etc. */
const etcRoot = '/etc/netns';

function ip(args: readonly string[], input = ''): string {
  return execFileSync('ip', args, { encoding: 'utf8', input, timeout: 20_000 });
}

/** Can this process make namespaces and links? */
export function canMakeNetworks(): boolean {
  const name = `twinleaf-${randomBytes(4).toString('hex')}-probe`;
  try {
    execFileSync('ip', ['netns', 'add', name], { stdio: 'ignore' });
  } catch {
    return false;
  }
  try {
    const pair = ['-n', name, 'link', 'add', 'p1', 'type', 'veth', 'peer', 'name', 'p2'];
    execFileSync('ip', pair, { stdio: 'ignore' });
    execFileSync('ip', ['-n', name, 'link', 'add', 'bridge', 'type', 'bridge'], {
      stdio: 'ignore',
    });
    return true;
  } catch {
    return false;
  } finally {
    execFileSync('ip', ['netns', 'del', name], { stdio: 'ignore' });
  }
}

/**
 * Removes the namespaces that it is given, with what runs there, as soon as its input ends: at
 * the latest when the process of the test does, however that ends.
 */
const keeper = `
  cat > /dev/null
  for namespace in "$@"; do
    for pid in $(ip netns pids "$namespace"); do kill -KILL "$pid"; done
    ip netns del "$namespace"
    rm -rf "${etcRoot}/$namespace"
  done
  rmdir ${etcRoot}
`;

/** Hosts by name; each resolves the names of all. Gone, with what runs on them, after the test. */
export class ComposeNetwork {
  readonly #prefix = `twinleaf-${randomBytes(4).toString('hex')}`;
  readonly #hosts: readonly string[];

  private constructor(hosts: readonly string[]) {
    this.#hosts = hosts;
  }

  static make(t: ExecutionContext<unknown>, hosts: readonly string[]): ComposeNetwork {
    const network = new ComposeNetwork(hosts);
    network.#keep(t);
    ip(['netns', 'add', network.#prefix]);
    network.#inside(network.#prefix, ['link add bridge type bridge', 'link set bridge up']);
    for (const name of hosts) network.#addHost(name);
    return network;
  }

  address(host: string): string {
    return `10.99.0.${this.#number(host)}`;
  }

  /** The command and arguments that run a program on the host; the process is the program's. */
  command(host: string, program: readonly string[]): readonly [string, ...string[]] {
    return ['ip', 'netns', 'exec', this.#namespace(host), ...program];
  }

  /** From now on nothing gets to the host or from it, and nobody is told. */
  cut(host: string): void {
    this.#inside(this.#prefix, [`link set port${this.#number(host)} nomaster`]);
  }

  heal(host: string): void {
    this.#inside(this.#prefix, [`link set port${this.#number(host)} master bridge`]);
  }

  /** Starts who removes it all; in a session of its own, which no signal to the test's ends. */
  #keep(t: ExecutionContext<unknown>): void {
    const namespaces = this.#hosts.map((name) => this.#namespace(name));
    const args = ['-c', keeper, 'keeper', ...namespaces, this.#prefix];
    const child = spawn('sh', args, { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
    const ended = once(child, 'close');
    t.teardown(async () => {
      child.stdin.end();
      await ended;
    });
  }

  #addHost(name: string): void {
    const [namespace, number] = [this.#namespace(name), this.#number(name)];
    const etc = join(etcRoot, namespace);
    mkdirSync(etc, { recursive: true });
    const names = this.#hosts.map((host) => `${this.address(host)} ${host}\n`);
    writeFileSync(join(etc, 'hosts'), `127.0.0.1 localhost\n${names.join('')}`);
    ip(['netns', 'add', namespace]);
    const port = `port${number}`;
    this.#inside(this.#prefix, [
      `link add ${port} type veth peer name eth0 netns ${namespace}`,
      `link set ${port} master bridge up`,
    ]);
    // The neighbours are known for good: as behind a router, one that is gone is only silent.
    const others = this.#hosts.filter((host) => host !== name);
    this.#inside(namespace, [
      'link set lo up',
      `link set eth0 address ${this.#hardwareAddress(name)}`,
      `addr add ${this.address(name)}/24 dev eth0`,
      'link set eth0 up',
      ...others.map((host) => {
        const to = `${this.address(host)} lladdr ${this.#hardwareAddress(host)}`;
        return `neigh add ${to} dev eth0 nud permanent`;
      }),
    ]);
  }

  #inside(namespace: string, commands: readonly string[]): void {
    ip(['-n', namespace, '-batch', '-'], `${commands.join('\n')}\n`);
  }

  #namespace(host: string): string {
    return `${this.#prefix}-${host}`;
  }

  #number(host: string): number {
    const index = this.#hosts.indexOf(host);
    if (index === -1) throw new Error(`there is no host ${host}`);
    return index + 1;
  }

  #hardwareAddress(host: string): string {
    return `02:00:00:00:00:${this.#number(host).toString(16).padStart(2, '0')}`;
  }
}
