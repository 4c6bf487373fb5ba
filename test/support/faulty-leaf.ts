// A leaf whose answers a test can lose, or whose calls it can stop, by the call's name.

import { databaseError } from '#shared/error.ts';
import type { LeafCalls, LeafService } from '#shared/wire/message.ts';

/** `before`: the call never arrives. `after`: it is done, and its answer is lost. */
export type Fault = 'before' | 'after';

type CallName = keyof LeafCalls & string;

export class FaultyLeaf implements LeafService {
  readonly #leaf: LeafService;
  /** What happens to the next calls of a name on a partition; `*` stands for any partition. */
  readonly #faults = new Map<string, Fault[]>();
  readonly #holds = new Map<string, { readonly reached: () => void; readonly go: Promise<void> }>();
  /** Every call so far: `prepare 3`. */
  readonly calls: string[] = [];

  constructor(leaf: LeafService) {
    this.#leaf = leaf;
  }

  /** The next such call waits until it is let go. */
  hold(name: CallName, ordinal: number): { readonly reached: Promise<void>; release(): void } {
    const reached = Promise.withResolvers<void>();
    const go = Promise.withResolvers<void>();
    this.#holds.set(`${name} ${ordinal}`, { reached: reached.resolve, go: go.promise });
    return { reached: reached.promise, release: go.resolve };
  }

  /** The next such call fails. */
  fail(name: CallName, fault: Fault, ordinal: number | '*' = '*', times = 1): void {
    const faults = Array.from({ length: times }, () => fault);
    this.#faults.set(`${name} ${ordinal}`, faults);
  }

  async call<K extends CallName>(
    name: K,
    request: LeafCalls[K]['request'],
    signal?: AbortSignal,
  ): Promise<LeafCalls[K]['reply']> {
    const key = 'key' in request ? request.key.ordinal : '*';
    this.calls.push(`${name} ${key}`);
    const hold = this.#holds.get(`${name} ${key}`);
    this.#holds.delete(`${name} ${key}`);
    hold?.reached();
    await hold?.go;
    const fault = this.#take(`${name} ${key}`) ?? this.#take(`${name} *`);
    const lost = databaseError('leafUnreachable', { leaf: 'test', reason: `${name} is lost` });
    if (fault === 'before') throw lost;
    const reply = await this.#leaf.call(name, request, signal);
    if (fault === 'after') throw lost;
    return reply;
  }

  stream: LeafService['stream'] = (name, request, signal) =>
    this.#leaf.stream(name, request, signal);

  #take(key: string): Fault | undefined {
    return this.#faults.get(key)?.shift();
  }
}
