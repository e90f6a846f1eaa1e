/** zkonnx doctor: which nodes of a model are supported, which not, why, and what to change. */
import { dirname } from 'node:path';
import { Command } from 'commander';
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
    .description('say which nodes of a model are supported, and what to change; exit code 2 when one is not')
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
  const supported = bad.length === 0;
  return { json: { model, supported, nodes }, text: describe(model, nodes, bad), exitCode: supported ? 0 : 2 };
}

/** Every node in a line; below, each unsupported one with the reason and what to change. */
function describe(model: string, nodes: readonly NodeReport[], bad: readonly NodeReport[]): string {
  const shown = ({ domain, op }: NodeReport) => (domain === '' ? op : `${domain}.${op}`);
  const rows = nodes.map((report) => [report.status, report.node, shown(report), `opset ${report.opset}`]);
  const reasons = bad.flatMap((report) => {
    const help = report.help === undefined ? [] : [`    help: ${report.help}`];
    return [`${report.node} (${shown(report)}): ${report.reason ?? report.status}`, ...help];
  });
  const verdict =
    bad.length === 0
      ? `${model}: all ${nodes.length} nodes are supported`
      : `${model}: ${bad.length} of ${nodes.length} nodes stand in the way`;
  return `${verdict}\n\n${table(rows)}${section('What stands in the way', reasons)}`;
}
