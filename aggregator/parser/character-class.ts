// Which characters make words, digits and space: tables by UTF-16 code, and tests on them.

const WORD = 1;
const DIGIT = 2;
const SPACE = 4;
const UPPER = 8;
const HEX = 16;

function buildClasses(): Uint8Array {
  const classes = new Uint8Array(128);
  const add = (characters: string, flag: number) => {
    for (let i = 0; i < characters.length; i++) {
      const code = characters.charCodeAt(i);
      classes[code] = (classes[code] ?? 0) | flag;
    }
  };
  add('abcdefghijklmnopqrstuvwxyz_$', WORD);
  add('ABCDEFGHIJKLMNOPQRSTUVWXYZ', WORD | UPPER);
  add('0123456789', WORD | DIGIT);
  add(' \t\n\v\f\r', SPACE);
  add('0123456789abcdefABCDEF', HEX);
  return classes;
}

const classes = buildClasses();

function hasClass(code: number, flag: number): boolean {
  return code < 128 && ((classes[code] ?? 0) & flag) !== 0;
}

/** Letters, digits, `_`, `$` and everything beyond ASCII. False for NaN, past the end. */
export function isWordCode(code: number): boolean {
  return code < 128 ? ((classes[code] ?? 0) & WORD) !== 0 : code >= 128;
}

export function isDigitCode(code: number): boolean {
  return code >= 48 && code <= 57;
}

export function isSpaceCode(code: number): boolean {
  return hasClass(code, SPACE);
}

/** True where toLowerCase may change something. */
export function isUpperCode(code: number): boolean {
  return code < 128 ? ((classes[code] ?? 0) & UPPER) !== 0 : code >= 128;
}

export function isHexCode(code: number): boolean {
  return hasClass(code, HEX);
}
