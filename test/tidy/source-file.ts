// The files that the house rules bind, read once.

import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

export interface SourceFile {
  /** From the repository's root: `leaf/log/log.ts`. */
  readonly path: string;
  readonly text: string;
  readonly lines: readonly string[];
}

export interface Import {
  readonly specifier: string;
  /** The file it names, from the root; the bare specifier for a package. */
  readonly target: string;
  readonly isPackage: boolean;
}

const houses = ['aggregator', 'leaf', 'shared', 'cli', 'benchmarks', 'test'];

/** All TypeScript and JavaScript files of the houses, or of those given. */
export function readSources(of: readonly string[] = houses): SourceFile[] {
  const paths = of.flatMap((house) => globSync(`${house}/**/*.{ts,js}`));
  return paths.sort().map((path) => {
    const text = readFileSync(path, 'utf8');
    return { path, text, lines: text.split('\n') };
  });
}

/** What a file imports or re-exports, types too. */
export function importsOf(file: SourceFile): Import[] {
  const pattern = /(?:^|\n)\s*(?:import|export)\b[^'"`;]*?from\s*'([^']+)'|\bimport\(\s*'([^']+)'/g;
  const specifiers = [...file.text.matchAll(pattern)].map((match) => match[1] ?? match[2] ?? '');
  return specifiers.map((specifier) => {
    if (specifier.startsWith('#')) {
      return { specifier, target: specifier.slice(1), isPackage: false };
    }
    if (specifier.startsWith('.')) {
      const target = normalize(join(dirname(file.path), specifier));
      return { specifier, target, isPackage: false };
    }
    return { specifier, target: specifier, isPackage: true };
  });
}

/** The text without strings, templates and comments, so that words in them do not count. */
export function codeOf(text: string): string {
  const pattern =
    /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/g;
  return text.replace(pattern, (match) => match.replace(/[^\n]/g, ' '));
}
