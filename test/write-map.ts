// Writes the map of the files into ARCHITECTURE.md.

import { readFileSync, writeFileSync } from 'node:fs';
import { withMap } from './map.ts';

const path = new URL('../ARCHITECTURE.md', import.meta.url);
writeFileSync(path, withMap(readFileSync(path, 'utf8')));
