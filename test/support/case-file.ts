// Case files: a command, `----`, its answer, a blank line; lines with # before it explain it.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Case {
  /** The lines before the command that begin with #. */
  readonly comments: readonly string[];
  readonly command: string;
  readonly answer: readonly string[];
}

export interface CaseFile {
  readonly path: string;
  readonly name: string;
  readonly cases: readonly Case[];
}

/** Every .txt of a directory. */
export function readCaseFiles(directory: string): readonly CaseFile[] {
  const names = readdirSync(directory).filter((name) => name.endsWith('.txt'));
  return names.sort().map((name) => {
    const path = join(directory, name);
    return { path, name, cases: parseCases(readFileSync(path, 'utf8')) };
  });
}

function parseCases(text: string): readonly Case[] {
  const blocks = text.split(/\n{2,}/).map((block) => block.split('\n').filter((l) => l !== ''));
  return blocks
    .filter((lines) => lines.some((line) => !line.startsWith('#')))
    .map((lines) => {
      const first = lines.findIndex((line) => !line.startsWith('#'));
      const divider = lines.indexOf('----');
      const end = divider < 0 ? lines.length : divider;
      return {
        comments: lines.slice(0, first),
        command: lines.slice(first, end).join('\n'),
        answer: divider < 0 ? [] : lines.slice(divider + 1),
      };
    });
}

/** Writes the file anew; the story at its head, which has no command, stays. */
export function writeCaseFile(file: CaseFile, cases: readonly Case[]): void {
  const text = readFileSync(file.path, 'utf8');
  const story = text.split(/\n{2,}/)[0] ?? '';
  const head = story.split('\n').every((line) => line.startsWith('#')) ? [story] : [];
  const blocks = cases.map(({ comments, command, answer }) =>
    [...comments, command, '----', ...answer].join('\n'),
  );
  writeFileSync(file.path, `${[...head, ...blocks].join('\n\n')}\n`);
}
