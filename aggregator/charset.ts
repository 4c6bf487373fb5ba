// The character sets and collations that clients may name, with MySQL's ids.
//
// Everything is stored as UTF-8. Comparison knows three ways (Collation of column-type.ts): every
// collation named here stands for one of them.

import { databaseError } from '#shared/error.ts';
import { resolveCollation } from '#shared/sql/collation.ts';

export interface CharsetDescription {
  readonly name: string;
  readonly description: string;
  readonly defaultCollation: string;
  readonly bytesMax: number;
}

export interface CollationDescription {
  readonly name: string;
  readonly charset: string;
  readonly id: number;
  readonly isDefault: boolean;
  readonly padAttribute: 'PAD SPACE' | 'NO PAD';
}

export const charsets: readonly CharsetDescription[] = [
  { name: 'ascii', description: 'US ASCII', defaultCollation: 'ascii_general_ci', bytesMax: 1 },
  { name: 'binary', description: 'Binary pseudo charset', defaultCollation: 'binary', bytesMax: 1 },
  ...oneByte([
    ['cp1250', 'Windows Central European'],
    ['cp1251', 'Windows Cyrillic'],
    ['cp1257', 'Windows Baltic'],
    ['koi8r', 'KOI8-R Relcom Russian'],
  ]),
  {
    name: 'latin1',
    description: 'cp1252 West European',
    defaultCollation: 'latin1_swedish_ci',
    bytesMax: 1,
  },
  ...oneByte([
    ['latin2', 'ISO 8859-2 Central European'],
    ['latin7', 'ISO 8859-13 Baltic'],
    ['macroman', 'Mac West European'],
  ]),
  {
    name: 'utf8mb3',
    description: 'UTF-8 Unicode',
    defaultCollation: 'utf8mb3_general_ci',
    bytesMax: 3,
  },
  {
    name: 'utf8mb4',
    description: 'UTF-8 Unicode',
    defaultCollation: 'utf8mb4_general_ci',
    bytesMax: 4,
  },
];

/** Character sets whose default collation is their general one. */
function oneByte(
  named: readonly (readonly [name: string, description: string])[],
): readonly CharsetDescription[] {
  return named.map(([name, description]) => {
    return { name, description, defaultCollation: `${name}_general_ci`, bytesMax: 1 };
  });
}

const collationIds: readonly (readonly [name: string, id: number])[] = [
  ['ascii_general_ci', 11],
  ['ascii_bin', 65],
  ['binary', 63],
  ['cp1250_general_ci', 26],
  ['cp1250_bin', 66],
  ['cp1251_general_ci', 51],
  ['cp1251_bin', 50],
  ['cp1257_general_ci', 59],
  ['cp1257_bin', 58],
  ['koi8r_general_ci', 7],
  ['koi8r_bin', 74],
  ['latin1_swedish_ci', 8],
  ['latin1_bin', 47],
  ['latin1_general_ci', 48],
  ['latin2_general_ci', 9],
  ['latin2_bin', 77],
  ['latin7_general_ci', 41],
  ['latin7_bin', 79],
  ['macroman_general_ci', 39],
  ['macroman_bin', 53],
  ['utf8mb3_general_ci', 33],
  ['utf8mb3_bin', 83],
  ['utf8mb3_unicode_ci', 192],
  ['utf8mb4_general_ci', 45],
  ['utf8mb4_bin', 46],
  ['utf8mb4_unicode_ci', 224],
  ['utf8mb4_unicode_520_ci', 246],
  ['utf8mb4_0900_ai_ci', 255],
  ['utf8mb4_0900_as_ci', 305],
  ['utf8mb4_0900_as_cs', 278],
  ['utf8mb4_0900_bin', 309],
];

function describe([name, id]: readonly [string, number]): CollationDescription {
  const charset = name === 'binary' ? 'binary' : name.slice(0, name.indexOf('_'));
  const isDefault = charsets.some((each) => each.defaultCollation === name);
  // The 0900 collations pad here too: they stand for utf8mb4_general_ci or utf8mb4_bin.
  const noPad = name === 'binary';
  return { name, charset, id, isDefault, padAttribute: noPad ? 'NO PAD' : 'PAD SPACE' };
}

export const collations: readonly CollationDescription[] = collationIds.map(describe);

/** The character set of that name (`utf8` is utf8mb3). Throws unknownCharacterSet. */
export function charsetNamed(name: string): CharsetDescription {
  const folded = name.toLowerCase() === 'utf8' ? 'utf8mb3' : name.toLowerCase();
  const found = charsets.find((charset) => charset.name === folded);
  if (found === undefined) throw databaseError('unknownCharacterSet', { name });
  return found;
}

/** The collation of that name (`utf8_bin` is utf8mb3_bin). Throws unknownCollation. */
export function collationNamed(name: string): CollationDescription {
  const folded = name.toLowerCase().replace(/^utf8_/, 'utf8mb3_');
  const found = collations.find((collation) => collation.name === folded);
  if (found !== undefined) return found;
  // One of MySQL's that stands for another here: taken under its own name, without an id.
  resolveCollation(folded);
  return { ...describe([folded, 0]), charset: charsetNamed(describe([folded, 0]).charset).name };
}

/** The collation of that id; for one we do not have, the server's default, as MySQL does. */
export function collationById(id: number): CollationDescription {
  return (
    collations.find((collation) => collation.id === id) ?? collationNamed('utf8mb4_general_ci')
  );
}
