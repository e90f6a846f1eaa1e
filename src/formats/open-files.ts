/** Processes may have so many files open and no more. That one has come there is nobody's bug. */

const CODES: readonly unknown[] = ['EMFILE', 'ENFILE'];

/** Whether an error of the system says it. */
export function isOutOfFiles(error: unknown): boolean {
  return CODES.includes((error as { readonly code?: unknown } | null | undefined)?.code);
}

/** What to do then. */
export const OPEN_FILES_HELP = 'this process may open no more files: raise the limit (ulimit -n 1024)';
