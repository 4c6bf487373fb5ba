// Why a command ended early: one clear line, and 2 for a wrong call or 1 for a world gone wrong.

/** The command was called wrongly: exit status 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The command could not do its work: exit status 1. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}

export interface Failure {
  readonly status: number;
  /** '' when everything was said already (--help, --version). */
  readonly line: string;
}

/** What to say and how to end, for any error. */
export function failureOf(error: unknown): Failure {
  if (error instanceof UsageError) return { status: 2, line: error.message };
  if (!(error instanceof Error)) return { status: 1, line: String(error) };
  const exit = oclifExit(error);
  if ('code' in error && error.code === 'EEXIT') return { status: exit ?? 0, line: '' };
  if (exit !== null) return { status: 2, line: oneLine(error.message) };
  return { status: 1, line: systemSentence(error) ?? oneLine(error.message) };
}

function oclifExit(error: Error): number | null {
  const { oclif } = error as { oclif?: { exit?: unknown } };
  return typeof oclif?.exit === 'number' ? oclif.exit : null;
}

/** oclif lists what is wrong over several lines; the list is kept, its frame is not. */
function oneLine(message: string): string {
  return message
    .replace(/The following errors? occurred:\s*/g, '')
    .replace(/\s*See more help with --help\s*/g, '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join('; ');
}

/** A sentence for the system errors that an operator meets at a start. */
function systemSentence(error: Error): string | null {
  const { code, address, port, path } = error as NodeJS.ErrnoException & {
    address?: string;
    port?: number;
  };
  const place = `${address ?? ''}:${port ?? ''}`;
  switch (code) {
    case 'EADDRINUSE':
      return `port ${port ?? ''} on ${address ?? ''} is in use by another process`;
    case 'EADDRNOTAVAIL':
      return `${address ?? ''} is no address of this machine`;
    case 'EACCES':
      return path === undefined ? `no permission to listen on ${place}` : `no permission: ${path}`;
    case 'ENOSPC':
      return `the disk is full${path === undefined ? '' : `: ${path}`}`;
    default:
      return null;
  }
}
