// LIKE: a pattern as a test on texts, by characters and weights.
//
// The pattern is cut at its '%'s. The first piece must begin the text, the last one end it, and
// those between are each taken at the first place after the one before: no place is tried twice,
// so no pattern is slow.

import { generalCiWeights } from './collation.ts';
import type { Collation } from './column-type.ts';

/** Stands for '_' in a piece: matches any one character. */
const ANY = null;

/** What lies between two '%'s, and its text when no '_' is in it. */
interface Piece {
  readonly characters: readonly (string | typeof ANY)[];
  readonly text: string | null;
}

/** A text by characters: itself where every character is one UTF-16 unit. */
type Characters = string | readonly string[];

/**
 * The test that `text LIKE pattern ESCAPE escape` is. '' means no escape character. LIKE compares
 * character by character: trailing spaces count, other than with '='.
 */
export function likeTest(
  pattern: string,
  escape: string,
  collation: Collation,
): (text: string) => boolean {
  const fold = collation === 'utf8mb4_general_ci' ? generalCiWeights : (text: string) => text;
  const pieces = piecesOf(pattern, escape, fold);
  const [first] = pieces;
  const last = pieces.at(-1);
  if (first === undefined || last === undefined) return (text) => text === '';
  const inner = pieces.slice(1, -1).filter((piece) => piece.characters.length > 0);
  return (text) => {
    const characters = charactersOf(fold(text));
    if (pieces.length === 1) {
      return characters.length === first.characters.length && isAt(characters, first, 0);
    }
    const end = characters.length - last.characters.length;
    let at = first.characters.length;
    if (end < at || !isAt(characters, first, 0) || !isAt(characters, last, end)) return false;
    for (const piece of inner) {
      const found = find(characters, piece, { from: at, to: end });
      if (found < 0) return false;
      at = found + piece.characters.length;
    }
    return true;
  };
}

function piecesOf(pattern: string, escape: string, fold: (text: string) => string): Piece[] {
  const pieces: (string | typeof ANY)[][] = [[]];
  let isEscaped = false;
  const push = (character: string | typeof ANY) => pieces.at(-1)?.push(character);
  for (const character of pattern) {
    if (!isEscaped && character === escape) {
      isEscaped = true;
      continue;
    }
    if (!isEscaped && character === '%') pieces.push([]);
    else push(!isEscaped && character === '_' ? ANY : fold(character));
    isEscaped = false;
  }
  if (isEscaped) push(fold(escape));
  return pieces.map((characters) => ({
    characters,
    text: characters.includes(ANY) ? null : characters.join(''),
  }));
}

function charactersOf(text: string): Characters {
  return /[\ud800-\udfff]/.test(text) ? Array.from(text) : text;
}

function isAt(characters: Characters, piece: Piece, at: number): boolean {
  if (typeof characters === 'string' && piece.text !== null) {
    return characters.startsWith(piece.text, at);
  }
  return piece.characters.every((one, i) => one === ANY || one === characters[at + i]);
}

/** The first place of the piece that ends not after `to`, or -1. */
function find(
  characters: Characters,
  piece: Piece,
  { from, to }: { readonly from: number; readonly to: number },
): number {
  const size = piece.characters.length;
  if (typeof characters === 'string' && piece.text !== null) {
    const found = characters.indexOf(piece.text, from);
    return found + size <= to ? found : -1;
  }
  for (let at = from; at + size <= to; at++) if (isAt(characters, piece, at)) return at;
  return -1;
}
