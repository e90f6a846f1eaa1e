/** The command line as a function: arguments in, exit code out. Nothing here ends the process. */
import { Command } from 'commander';
import { printable } from '../base/printable.js';
import { VERSION } from '../base/version.js';
import { compileCommand } from './commands/compile.js';
import { artifactCommand } from './commands/artifact.js';
import { keyCommand } from './commands/key.js';
import { doctorCommand } from './commands/doctor.js';
import { exportCommand } from './commands/export.js';
import { inspectCommand } from './commands/inspect.js';
import { openCommand } from './commands/open.js';
import { proveCommand } from './commands/prove.js';
import { proveWtnsCommand } from './commands/prove-wtns.js';
import { runCommand } from './commands/run.js';
import { setupCommand } from './commands/setup.js';
import { verifyCommand } from './commands/verify.js';
import { examples } from './options.js';
import { Session } from './session.js';
import type { CliIo, ExitCode } from './session.js';

/** In the order of use. */
const COMMANDS = [
  compileCommand,
  setupCommand,
  proveCommand,
  verifyCommand,
  openCommand,
  runCommand,
  inspectCommand,
  exportCommand,
  artifactCommand,
  keyCommand,
  doctorCommand,
  proveWtnsCommand,
] as const;

/** Runs one command line (without `node` and the script's name). Never throws: what goes wrong is printed and is the exit code. */
export async function runCli(argv: readonly string[], io: CliIo): Promise<ExitCode> {
  const session = new Session(argv, io);
  try {
    await buildProgram(session, io).parseAsync(argv, { from: 'user' });
  } catch (error) {
    session.fail(error);
  }
  await session.finish();
  return session.exitCode;
}

/** Exported for tests and documentation: the whole of the commands, flags and help texts. */
export function buildProgram(session: Session, io: CliIo): Command {
  const program = new Command('zkonnx')
    .description('Compile ONNX models into zero-knowledge circuits; prove what they computed; verify it anywhere.')
    .version(VERSION, '-V, --version', 'print the version')
    .option('--json', 'print exactly one JSON document on stdout, also for errors')
    .option('--quiet', 'no progress and no notes on stderr')
    .addHelpText(
      'after',
      examples([
        ['zkonnx compile mnist.onnx -o artifacts/mnist --calibrate digits/', 'circuit and accuracy report'],
        ['zkonnx setup artifacts/mnist --dev', 'keys for development'],
        ['zkonnx prove artifacts/mnist --in seven.png -o proof.json', 'a proof of one inference'],
        ['zkonnx verify proof.json --key artifacts/mnist/verification_key.json', 'check it, anywhere'],
      ]) +
        '\n\nExit codes: 0 done or valid, 1 proof refused, 2 unusable input or usage, 3 a bug of zkonnx, 130 stopped by Ctrl-C.',
    );
  for (const command of COMMANDS) program.addCommand(command(session));
  adopt(program, session, io);
  return program;
}

/** Sends every (sub)command's own output to our streams and makes it throw instead of ending the process. */
function adopt(command: Command, session: Session, io: CliIo): void {
  command
    .exitOverride()
    .showHelpAfterError('(add --help for flags and examples)')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => {
        if (!session.json) io.stderr.write(printable(text));
      },
    });
  for (const child of command.commands) adopt(child, session, io);
}
