// Mutated statements: whatever comes in, only a DatabaseError comes out.

import test from 'ava';
import { DatabaseError } from '#shared/error.ts';
import type { Statement } from '#aggregator/parser/ast.ts';
import {
  defaultParserOptions,
  parseStatements,
  stepStatements,
  tokenize,
} from '#aggregator/parser/parser.ts';
import { readCorpus, withoutPositions } from './corpus.ts';
import { printStatement, type PrintableStatement } from './print-statement.ts';

const SEED = 20_260;
const MUTATIONS = 20_000;

/** Small, seeded, good enough: mulberry32. */
function generator(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}

function parseAgain(printed: string): Statement | null {
  try {
    return parseStatements(printed)[0]?.statement ?? null;
  } catch {
    return null;
  }
}

function plain(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}

/** The statements as text, or the error, where the lists are read ahead. */
function readAhead(text: string): string {
  try {
    const steps = [...stepStatements(text, defaultParserOptions, 0)];
    return JSON.stringify(
      steps.flatMap((step) => step?.statement ?? []),
      plain,
    );
  } catch (error) {
    return String(error);
  }
}

const printable = new Set('select setOperation with values insert update delete'.split(' '));

test(`fuzz: ${MUTATIONS} mutations of the corpus, seed ${SEED}`, (t) => {
  const corpus = ['queries', 'changes', 'definitions', 'administration'].flatMap(readCorpus);
  const random = generator(SEED);
  const pick = <T>(list: readonly T[]): T => list[random(list.length)] as T;
  const mutate = (text: string): string => {
    const { start, end } = pick(tokenize(text));
    switch (random(5)) {
      case 0:
        return text.slice(0, start) + text.slice(end);
      case 1:
        return `${text.slice(0, start)} ${text.slice(start, end)} ${text.slice(start)}`;
      case 2:
        return text.slice(0, random(text.length));
      case 3: {
        const other = pick(corpus);
        const token = pick(tokenize(other));
        return `${text.slice(0, start)} ${other.slice(token.start, token.end)} ${text.slice(end)}`;
      }
      default: {
        const at = random(text.length);
        return text.slice(0, at) + pick([...'\'`"()*;,.@\\#-/\0é😀']) + text.slice(at);
      }
    }
  };
  let accepted = 0;
  for (let count = 0; count < MUTATIONS; count++) {
    let text = pick(corpus);
    for (let times = random(3); times >= 0; times--) {
      if (tokenize(text).length > 0) text = mutate(text);
    }
    let statements: Statement[] = [];
    let refused = '';
    try {
      statements = parseStatements(text).map(({ statement }) => statement);
    } catch (error) {
      if (!(error instanceof DatabaseError)) t.fail(`${text}\n-> ${String(error)}`);
      refused = String(error);
    }
    if (readAhead(text) !== (refused || JSON.stringify(statements, plain))) t.fail(text);
    for (const statement of statements) {
      accepted++;
      if (!printable.has(statement.kind)) continue;
      const printed = printStatement(statement as PrintableStatement);
      const again = JSON.stringify(withoutPositions(parseAgain(printed)));
      if (again !== JSON.stringify(withoutPositions(statement))) t.fail(`${text}\n-> ${printed}`);
    }
  }
  t.true(accepted > MUTATIONS / 20, `${accepted} accepted`);
});
