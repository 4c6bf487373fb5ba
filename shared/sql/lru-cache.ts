// A map of bounded size that forgets what was not used for the longest time.

export class LruCache<K, V> {
  #entries = new Map<K, V>();
  #sizeMax: number;

  constructor(sizeMax: number) {
    this.#sizeMax = sizeMax;
  }

  /** The value of the key, made now when it is not there. */
  get(key: K, make: () => V): V {
    let value = this.#entries.get(key);
    if (value === undefined) {
      value = make();
      if (this.#entries.size >= this.#sizeMax) {
        const [oldest] = this.#entries.keys();
        if (oldest !== undefined) this.#entries.delete(oldest);
      }
    } else {
      // The order matters only where one of them must go soon.
      if (this.#entries.size <= this.#sizeMax / 2) return value;
      this.#entries.delete(key);
    }
    this.#entries.set(key, value);
    return value;
  }
}
