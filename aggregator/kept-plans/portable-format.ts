// How rows are to be written, in words that mean the same on every machine.

import type { PacketFormat } from '#shared/wire/packet-batch.ts';

/** SYSTEM is the zone of the machine that says it: the aggregator's, wherever the leaf is. */
export class PortableFormats {
  #systemZone: string | null = null;

  /** The format as it is, but for SYSTEM, which is named. To ask for its name is slow. */
  of(format: PacketFormat): PacketFormat {
    if (format.timeZone.toUpperCase() !== 'SYSTEM') return format;
    this.#systemZone ??= new Intl.DateTimeFormat().resolvedOptions().timeZone;
    return { protocol: format.protocol, timeZone: this.#systemZone };
  }
}
