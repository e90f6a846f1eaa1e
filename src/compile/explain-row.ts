/** One row of an artifact's circuit for people who ask why it is there: where it comes from, what it says, what argues for it. */
import { paragraphOf, type Paragraph } from '../../circuits/origin.js';
import { ZkonnxError } from '../base/errors.js';
import { originOf, type Origin } from '../constraint/row-origin.js';
import { rowText } from '../constraint/row-text.js';
import { readCircuitFile } from '../formats/circuit-file.js';
import { circuitPath, readManifest } from '../formats/manifest.js';

export interface ExplainedRow {
  readonly row: number;
  readonly rows: number;
  /** Undefined where the artifact was written before rows had origins. Its names are the artifact's, which may be a stranger's. */
  readonly origin?: Origin;
  /** Undefined too for names that this version does not know. */
  readonly paragraph?: Paragraph;
  /** The row as text, long sides cut. */
  readonly text: string;
}

/** Row 0 ≤ row < rows of the circuit in an artifact folder. Throws FILE_UNREADABLE, FORMAT_VERSION, ARTIFACT_INVALID; USAGE for a row that is not there. */
export async function explainRow(artifact: string, row: number): Promise<ExplainedRow> {
  const circuit = await readCircuitFile(circuitPath(artifact, (await readManifest(artifact)).protocol));
  const rows = circuit.r1cs.nConstraints;
  if (row >= rows) {
    throw new ZkonnxError('USAGE', 'the circuit has no such row', {
      expected: `a row from 0 to ${rows - 1}`,
      got: String(row),
      where: artifact,
    });
  }
  const origin = originOf(circuit, row);
  const paragraph = origin === undefined ? undefined : paragraphOf(origin);
  return {
    row,
    rows,
    ...(origin === undefined ? {} : { origin }),
    ...(paragraph === undefined ? {} : { paragraph }),
    text: rowText(circuit, row),
  };
}
