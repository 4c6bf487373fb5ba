// What a promotion or a failback has done, in sentences: they come as the statement's notes.

import { partitionName } from '#shared/cluster/topology.ts';
import type { LinkRecord } from './link-record.ts';
import { rescuedName } from './rescue-changes.ts';
import type { Promoted } from './promote-database.ts';
import type { Returned } from './return-database.ts';

/** Where each partition was promoted, and what was taken back. */
export function describePromotion(promoted: Promoted): readonly string[] {
  const { database, sentences, dropped, rescued } = promoted;
  if (rescued === 0) return sentences;
  const what = `${dropped.length} transactions had not arrived whole and were taken back`;
  return [
    ...sentences,
    `${what}; ${rescued} changes are kept in ${rescuedName(database.name)}.changes`,
  ];
}

/** Where each partition went back to, and what was kept. */
export function describeReturn(record: LinkRecord, returned: Returned): readonly string[] {
  const { database, partings = [] } = record;
  const sentences = partings
    .toSorted((a, b) => a.ordinal - b.ordinal)
    .map(({ ordinal, lsn }) => {
      const name = partitionName({ database, ordinal });
      const isAnew = returned.anew.includes(ordinal);
      return isAnew ? `${name} begins anew from a snapshot` : `${name} went back to LSN ${lsn}`;
    });
  const kept = `${returned.rescued} changes are kept in ${rescuedName(database)}.changes`;
  return returned.rescued === 0 ? sentences : [...sentences, kept];
}
