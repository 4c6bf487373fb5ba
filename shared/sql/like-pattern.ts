// LIKE: a pattern as a test on texts, by characters and weights.

import { generalCiWeights } from './collation.ts';
import type { Collation } from './column-type.ts';

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
  let source = '';
  let isEscaped = false;
  for (const character of pattern) {
    if (!isEscaped && character === escape) isEscaped = true;
    else {
      source += isEscaped ? literal(fold(character)) : piece(character, fold);
      isEscaped = false;
    }
  }
  if (isEscaped) source += literal(fold(escape));
  // Runs of % are one: otherwise a pattern of many would try every way to share the text.
  const expression = new RegExp(`^${source.replace(/(?:\[\^\]\*)+/g, '[^]*')}$`, 'u');
  return (text) => expression.test(fold(text));
}

function piece(character: string, fold: (text: string) => string): string {
  if (character === '%') return '[^]*';
  return character === '_' ? '[^]' : literal(fold(character));
}

function literal(character: string): string {
  return character.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
