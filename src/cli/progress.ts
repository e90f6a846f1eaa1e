/** Progress on stderr: a bar on a terminal, a line a phase in a log, nothing with --quiet. */
import { oneLine } from '../base/printable.js';
import type { Session } from './session.js';

export interface ProgressUpdate {
  readonly phase: string;
  /** Of the phase, 0 to 1. */
  readonly fraction?: number;
}

export interface Progress {
  update(update: ProgressUpdate): void;
  /** Takes the bar off the terminal. Harmless twice. */
  stop(): void;
}

const SILENT: Progress = { update: () => undefined, stop: () => undefined };

export async function startProgress(session: Session, title: string): Promise<Progress> {
  if (session.quiet) return SILENT;
  return session.stderr.isTTY === true ? startBar(session, title) : new Lines(session, title);
}

class Lines implements Progress {
  private phase = '';

  constructor(
    private readonly session: Session,
    private readonly title: string,
  ) {}

  update({ phase }: ProgressUpdate): void {
    if (phase === this.phase) return;
    this.phase = phase;
    this.session.log(`${this.title}: ${phase}`);
  }

  stop(): void {
    // A line that is written stays.
  }
}

async function startBar(session: Session, title: string): Promise<Progress> {
  const { SingleBar } = (await import('cli-progress')).default;
  const bar = new SingleBar({
    stream: session.stderr as NodeJS.WritableStream,
    format: `${title} [{bar}] {percentage}% {phase}`,
    clearOnComplete: true,
    hideCursor: false,
    // It would end the process at Ctrl-C, before the command has cleaned up.
    gracefulExit: false,
  });
  bar.start(1, 0, { phase: '' });
  return {
    update: ({ phase, fraction = 0 }) => bar.update(fraction, { phase: oneLine(phase) }),
    stop: () => bar.stop(),
  };
}
