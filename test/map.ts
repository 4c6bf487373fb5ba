// Prints the tree of the files, each with its one responsibility: the map in ARCHITECTURE.md.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const houses = ['aggregator', 'leaf', 'shared', 'cli', 'benchmarks', 'test', 'compose'];
const markers = { begin: '<!-- map: begin -->', end: '<!-- map: end -->' };

/** The first line of a file, which says its responsibility, without the comment sign. */
function responsibility(text: string): string {
  const line = text.split('\n', 1)[0] ?? '';
  return line.startsWith('// ') ? line.slice(3) : '';
}

/** The lines of the map for one folder, deeper ones indented. */
function mapFolder(folder: string, depth = 0): string[] {
  const indent = '  '.repeat(depth);
  const lines = [`${indent}${folder.split('/').at(-1) ?? folder}/`];
  const entries = readdirSync(folder, { withFileTypes: true });
  entries.sort(
    (a, b) => Number(a.isDirectory()) - Number(b.isDirectory()) || (a.name < b.name ? -1 : 1),
  );
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) lines.push(...mapFolder(path, depth + 1));
    else if (/\.(ts|js)$/.test(entry.name) && !entry.name.endsWith('.test.ts')) {
      const name = `${indent}  ${entry.name}`;
      lines.push(`${name.padEnd(36)} ${responsibility(readFileSync(path, 'utf8'))}`.trimEnd());
    }
  }
  return lines;
}

/** ARCHITECTURE.md's text with the map between its markers made new. */
export function withMap(architecture: string): string {
  const begin = architecture.indexOf(markers.begin) + markers.begin.length;
  const end = architecture.indexOf(markers.end);
  const map = houses.flatMap((house) => mapFolder(house)).join('\n');
  return `${architecture.slice(0, begin)}\n\`\`\`text\n${map}\n\`\`\`\n${architecture.slice(end)}`;
}
