// Loaded before the rest of a process: what V8 makes of our modules is kept for the next one.
//
// It is JavaScript, since the first TypeScript brings its compiler along. What is kept is code: it
// lies beside the packages, where who writes can change the program as well, and only where it is
// this user's own and nobody else may write. Elsewhere (an installation that cannot be written to,
// another user's) nothing is kept, which costs time alone. Node asks for the same version of
// itself, the same user and the same source; `npm ci` deletes it with the packages.

import { mkdirSync, statSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

const directory = fileURLToPath(new URL('../node_modules/.cache/twinleaf', import.meta.url));

/** True when only this user can have put anything there. */
function isOurs() {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const { uid, mode } = statSync(directory);
    return uid === process.getuid?.() && (mode & 0o022) === 0;
  } catch {
    return false;
  }
}

if (isOurs()) enableCompileCache(directory);
