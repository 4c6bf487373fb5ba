// A logger whose lines a test can read, and nobody else sees.

import { createLogger, type Logger } from '#shared/logger.ts';

/** The logger, and its lines as they are written. */
export function quietLogger(): { readonly logger: Logger; readonly lines: string[] } {
  const lines: string[] = [];
  return { logger: createLogger('debug', {}, (line) => lines.push(line)), lines };
}
