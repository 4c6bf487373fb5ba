// Every character set and collation name of MySQL and MariaDB, and which of ours it stands for.

import type { Collation } from './column-type.ts';
import { LruCache } from './lru-cache.ts';

/** What a name stands for here. Not `exact`: it compares in another way; a warning is due. */
export interface CollationAlias {
  readonly collation: Collation;
  readonly exact: boolean;
}

const CHARACTER_SETS = (
  'armscii8 ascii big5 binary cp1250 cp1251 cp1256 cp1257 cp850 cp852 cp866 cp932 dec8 eucjpms ' +
  'euckr gb18030 gb2312 gbk geostd8 greek hebrew hp8 keybcs2 koi8r koi8u latin1 latin2 latin5 ' +
  'latin7 macce macroman sjis swe7 tis620 ucs2 ujis utf16 utf16le utf32 utf8 utf8mb3 utf8mb4'
).split(' ');

/** The character sets whose general_ci and bin collations are the same as ours. */
const SAME_AS_OURS = ['utf8', 'utf8mb3', 'utf8mb4'];

/** The middle of a collation's name: a language, a version of Unicode, or both. */
const LANGUAGES = (
  'bulgarian chinese croatian czech danish english esperanto estonian general german1 german2 ' +
  'hungarian icelandic japanese korean latvian lithuanian myanmar persian polish roman romanian ' +
  'sinhala slovak slovenian spanish spanish2 swedish thai turkish ukrainian unicode vietnamese ' +
  'bs cs da de_pb eo es es_trad et gl hr hu is ja la lt lv mn_cyrl nb nn pl ro ru sk sl sr_latn ' +
  'sv tr vi zh croatian_mysql561 general_mysql500 unicode_520 thai_520 vietnamese_0900'
).split(' ');

const collationPattern = new RegExp(
  `^(?:(${CHARACTER_SETS.join('|')})_)?` +
    `(?:(${LANGUAGES.join('|')})(?=_)_?)?(?:(0900|uca1400)(?=_)_?)?` +
    `(?:(${LANGUAGES.join('|')})(?=_)_?)?(?:nopad_)?` +
    '(ci|cs|bin|ai_ci|ai_cs|as_ci|as_cs|as_cs_ks|w2)$',
);

/** Names that were asked for: a session has few, and every literal asks for its own. */
const known = new LruCache<string, CollationAlias | null>(256);

/** What a collation's name in lower case stands for, or null. */
export function collationNames(name: string): CollationAlias | null {
  return known.get(name, () => findCollation(name));
}

function findCollation(name: string): CollationAlias | null {
  if (name === 'binary') return { collation: 'binary', exact: true };
  const match = collationPattern.exec(name);
  // MariaDB names the collations of Unicode 14 without a character set.
  const characterSet = match?.[1] ?? (name.startsWith('uca1400') ? 'utf8mb4' : 'binary');
  if (match === null || characterSet === 'binary') return null;
  const ours = SAME_AS_OURS.includes(characterSet);
  if (match[5]?.endsWith('ci') !== true) {
    return { collation: 'utf8mb4_bin', exact: ours && name === `${characterSet}_bin` };
  }
  return {
    collation: 'utf8mb4_general_ci',
    exact: ours && name === `${characterSet}_general_ci`,
  };
}

/** What the default collation of a character set (in lower case) is here, or null. */
export function characterSets(name: string): CollationAlias | null {
  if (!CHARACTER_SETS.includes(name)) return null;
  if (name === 'binary') return { collation: 'binary', exact: true };
  return { collation: 'utf8mb4_general_ci', exact: SAME_AS_OURS.includes(name) };
}
