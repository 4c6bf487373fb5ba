// Time zones by name, each looked up once: making one by name is slow.

import { LruCache } from '#shared/sql/lru-cache.ts';
import { findTimeZone, timeZone, type TimeZone } from '#shared/sql/time-zone.ts';

const ZONES_MAX = 64;

export class ZoneReader {
  #zones = new LruCache<string, { readonly zone: TimeZone | null }>(ZONES_MAX);

  /** The zone, or null for an unknown name. */
  find(name: string): TimeZone | null {
    return this.#zones.get(name, () => ({ zone: findTimeZone(name) })).zone;
  }

  /** The zone. Throws wrongVariableValue for an unknown name. */
  read(name: string): TimeZone {
    return this.find(name) ?? timeZone(name);
  }
}
