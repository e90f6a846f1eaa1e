#!/usr/bin/env node
/** The `zkonnx` binary: the streams and signals of this process around `runCli`. */
import { runCli } from './run-cli.js';

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

// `zkonnx … | head` closes the pipe early: nothing is wrong then, and the exit code still tells a caller what was found.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

process.exitCode = await runCli(process.argv.slice(2), {
  stdin: () => process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  interrupt,
});
