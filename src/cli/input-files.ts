/** Inputs by the name that a user typed: a file, a folder, or `-` for standard input, whose format its content tells. */
import { DEFAULT_MAX_FILE_BYTES } from '../inputs/files.js';
import { onlySample, readSamples, samplesOfContent } from '../inputs/samples.js';
import type { Sample } from '../inputs/samples.js';
import type { ArtifactInputs } from './artifact-inputs.js';
import type { Session } from './session.js';

export const STDIN = '-';
/** What samples of standard input are called. */
const STDIN_ID = 'stdin';

/** The name that the only sample of an input has. */
export function inputName(given: string): string {
  return given === STDIN ? STDIN_ID : given;
}

/** As `readSamples`, again from the start each time. Throws also USAGE where standard input is taken already. */
export async function* samplesOf(
  session: Session,
  given: string,
  { specs, options }: ArtifactInputs,
): AsyncGenerator<Sample> {
  if (given !== STDIN) {
    yield* readSamples(given, specs, options);
    return;
  }
  const content = await session.readStdin('inputs', DEFAULT_MAX_FILE_BYTES);
  yield* samplesOfContent(content, STDIN_ID, specs, options);
}

/** As `readOne`. */
export function sampleOf(session: Session, given: string, inputs: ArtifactInputs): Promise<Sample> {
  return onlySample(samplesOf(session, given, inputs), inputName(given));
}
