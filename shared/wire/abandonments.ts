// Who waits under a signal: one listener a signal, however many requests it is given to in turn.

/** Told when the signal fires, unless they have left before. */
export class Abandonments {
  readonly #waiting = new WeakMap<AbortSignal, Set<() => void>>();

  /** `abandon` is called when the signal fires; the function that it answers ends that. */
  add(signal: AbortSignal, abandon: () => void): () => void {
    const waiting = this.#waiting.get(signal) ?? this.#listen(signal);
    waiting.add(abandon);
    return () => void waiting.delete(abandon);
  }

  #listen(signal: AbortSignal): Set<() => void> {
    const waiting = new Set<() => void>();
    this.#waiting.set(signal, waiting);
    const fire = () => {
      for (const abandon of [...waiting]) abandon();
    };
    signal.addEventListener('abort', fire, { once: true });
    return waiting;
  }
}
