/** zkonnx doctor: which nodes of a model are supported, and what compile will say of it: why not, and what to change. */
import { dirname } from 'node:path';
import { Command } from 'commander';
import type { Check } from '../../compile/check-up.js';
import type { NodeReport } from '../../compile/onnx/diagnose.js';
import { collectShape, examples } from '../options.js';
import type { Shapes } from '../options.js';
import type { Outcome, Session } from '../session.js';
import { section, table } from '../text.js';

interface DoctorFlags {
  readonly inputShape?: Shapes;
}

export function doctorCommand(session: Session): Command {
  return new Command('doctor')
    .description(
      'say what compile will say of a model: which nodes are supported, what to change; exit code 2 when it refuses',
    )
    .argument('<model>', 'the model.onnx')
    .option('--input-shape <shape>', 'fixes symbolic dimensions: name=1,1,28,28 (repeatable)', collectShape)
    .addHelpText('after', examples([['zkonnx doctor model.onnx', 'before compile']]))
    .action(session.action(run));
}

async function run(model: string, { inputShape }: DoctorFlags): Promise<Outcome> {
  const { readBounded } = await import('../../inputs/files.js');
  const { MAX_MODEL_BYTES } = await import('../../formats/onnx-proto.js');
  const { diagnose } = await import('../../compile/onnx/diagnose.js');
  const bytes = await readBounded(model, MAX_MODEL_BYTES);
  const nodes = diagnose(bytes, {
    externalDir: dirname(model),
    ...(inputShape === undefined ? {} : { inputShapes: inputShape }),
  });
  const bad = nodes.filter(({ status }) => status === 'unsupported' || status === 'unchecked');
  const { checkUp } = await import('../../compile/check-up.js');
  // Which node stands in the way is said above, and better.
  const checks =
    bad.length > 0 ? [] : await checkUp(model, inputShape === undefined ? {} : { inputShapes: inputShape });
  const supported = bad.length === 0 && checks.every(({ status }) => status !== 'refused');
  const text = describe(model, nodes, bad, checks);
  return { json: { model, supported, nodes, checks }, text, exitCode: supported ? 0 : 2 };
}

/** Every node in a line; below, each unsupported one with the reason and what to change. */
function describe(
  model: string,
  nodes: readonly NodeReport[],
  bad: readonly NodeReport[],
  checks: readonly Check[],
): string {
  const shown = ({ domain, op }: NodeReport) => (domain === '' ? op : `${domain}.${op}`);
  const rows = nodes.map((report) => [report.status, report.node, shown(report), `opset ${report.opset}`]);
  const reasons = bad.flatMap((report) => {
    const help = report.help === undefined ? [] : [`    help: ${report.help}`];
    return [`${report.node} (${shown(report)}): ${report.reason ?? report.status}`, ...help];
  });
  const refused = checks.filter(({ status }) => status === 'refused');
  const noted = checks
    .filter(({ status }) => status === 'noted')
    .map(({ check, reason = '' }) => `${check}: ${reason}`);
  return (
    `${model}: ${verdictOf(nodes.length, bad.length, refused.length)}\n\n${table(rows)}` +
    section('What stands in the way', [...reasons, ...refused.flatMap(checkLines)]) +
    section('Notes', noted)
  );
}

function verdictOf(nodes: number, bad: number, refused: number): string {
  if (bad > 0) return `${bad} of ${nodes} nodes stand in the way`;
  return refused > 0 ? `all ${nodes} nodes are supported, but compile refuses it` : `all ${nodes} nodes are supported`;
}

function checkLines({ check, reason = '', help }: Check): string[] {
  return [`${check}: ${reason}`, ...(help === undefined ? [] : [`    help: ${help}`])];
}
