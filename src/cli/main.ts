#!/usr/bin/env node
/**
 * The `zkonnx` binary: the streams and signals of this process around `runCli`. Exit code 1, which says that a proof is refused, is also Node's
 * own for whatever nobody caught; here nothing of that kind ends so. So nothing is imported before there is somebody to catch what fails.
 */

/** Ctrl-C asks the command to stop; a second one ends the process without waiting for it. */
function interrupt(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => {
      controller.abort(new Error(name));
      process.once(name, () => process.exit(130));
    });
  }
  return controller.signal;
}

/** A stream that fails: what it failed with, once it has taken or refused everything. */
function watch(stream: NodeJS.WriteStream): () => Promise<Error | undefined> {
  let failure: NodeJS.ErrnoException | undefined;
  stream.on('error', (error: NodeJS.ErrnoException) => {
    failure ??= error;
  });
  return async () => {
    await new Promise<void>((resolve) => stream.write('', () => resolve()));
    // `zkonnx … | head` closes the pipe early: nothing is wrong then, and the exit code still tells a caller what was found.
    return failure?.code === 'EPIPE' ? undefined : failure;
  };
}

function die(error: unknown): never {
  const isOutOfFiles = ['EMFILE', 'ENFILE'].includes((error as NodeJS.ErrnoException | null)?.code ?? '');
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  try {
    process.stderr.write(
      isOutOfFiles ? `error: this process may open no more files (ulimit -n): ${String(error)}\n` : `error: ${text}\n`,
    );
  } finally {
    process.exit(isOutOfFiles ? 2 : 3);
  }
}

process.on('uncaughtException', die);
const flush = watch(process.stdout);
// Progress and notes that nobody takes stop nothing.
watch(process.stderr);

try {
  const { runCli } = await import('./run-cli.js');
  const { stdout, stderr } = process;
  const stdin = () => process.stdin;
  process.exitCode = await runCli(process.argv.slice(2), { stdin, stdout, stderr, interrupt, flush });
} catch (error) {
  die(error);
}
