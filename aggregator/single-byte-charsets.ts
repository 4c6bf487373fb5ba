// Character sets of one byte a character, as a client may write and read them: MySQL's own tables,
// which are those of the web's standard but for bytes that mean nothing.

interface SingleByteCharset {
  /** What a TextDecoder calls it. */
  readonly label: string;
  /** Bytes that the web takes for control characters are none here: they read as '?'. */
  readonly hasHoles?: boolean;
}

const charsets: ReadonlyMap<string, SingleByteCharset> = new Map<string, SingleByteCharset>([
  // windows-1252 is what MySQL calls latin1. Undefined bytes map to themselves, as in MySQL.
  ['latin1', { label: 'windows-1252' }],
  ['cp1250', { label: 'windows-1250', hasHoles: true }],
  ['cp1251', { label: 'windows-1251', hasHoles: true }],
  ['cp1257', { label: 'windows-1257', hasHoles: true }],
  ['koi8r', { label: 'koi8-r' }],
  ['latin2', { label: 'iso-8859-2' }],
  ['latin7', { label: 'iso-8859-13' }],
  ['macroman', { label: 'macintosh' }],
]);

const QUESTION_MARK = 0x3f;
const holes = /[\u0080-\u009f\ufffd]/g;

/** How the texts of one character set are read and written. */
export interface SingleByteCodec {
  decode(bytes: Uint8Array): string;
  /** What it has not becomes '?'. */
  encode(text: string): Uint8Array;
}

function codecOf({ label, hasHoles = false }: SingleByteCharset): SingleByteCodec {
  const decoder = new TextDecoder(label);
  const decode = (bytes: Uint8Array): string => {
    const text = decoder.decode(bytes);
    return hasHoles ? text.replace(holes, '?') : text;
  };
  // Of several bytes that read as one character the first is written. All at once: a call a byte
  // takes ten times as long, at every start.
  const characters = [...decode(Uint8Array.from({ length: 256 }, (_, code) => code))];
  const codes = new Map(characters.map((character, code) => [character, code] as const).reverse());
  return {
    decode,
    encode: (text) => Uint8Array.from(text, (character) => codes.get(character) ?? QUESTION_MARK),
  };
}

const codecs: ReadonlyMap<string, SingleByteCodec> = new Map(
  [...charsets].map(([name, charset]) => [name, codecOf(charset)]),
);

/** The codec of a character set by MySQL's name; undefined where it is none of these. */
export function singleByteCodec(name: string): SingleByteCodec | undefined {
  return codecs.get(name);
}
