// The statements of a corpus file: paragraphs, with a story in lines that begin with `# `.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The statements of `test/cases/parser/<name>.txt`. */
export function readCorpus(name: string): string[] {
  const path = fileURLToPath(new URL(`../../cases/parser/${name}.txt`, import.meta.url));
  const paragraphs = readFileSync(path, 'utf8').split(/\n\n+/);
  return paragraphs.map((text) => text.trim()).filter((text) => !/^# |^$/.test(text));
}

/** The tree without positions and source texts, which printing changes. */
export function withoutPositions(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (Array.isArray(value)) return value.map(withoutPositions);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([key]) => key !== 'at' && key !== 'text');
  const { kind } = value as { kind?: string };
  const isNumber = kind === 'integer' || kind === 'decimal' || kind === 'double';
  const text = isNumber || kind === 'temporal' ? [['text', (value as { text: string }).text]] : [];
  const sorted = [...entries, ...text].sort(([a], [b]) => String(a).localeCompare(String(b)));
  return Object.fromEntries(sorted.map(([key, inner]) => [key, withoutPositions(inner)]));
}
