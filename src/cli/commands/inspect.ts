/** zkonnx inspect: what an artifact proves and what it costs. */
import { Command } from 'commander';
import type { Manifest } from '../../formats/manifest.js';
import type { KeyFacts } from '../../verify/key.js';
import type { TensorSchema } from '../../verify/statement.js';
import { examples } from '../options.js';
import type { Outcome, Session } from '../session.js';
import { DEVELOPMENT_NOTICE, layerFactsTable, real, section, table } from '../text.js';

export function inspectCommand(session: Session): Command {
  return new Command('inspect')
    .description('show operators, shapes, scales, bounds and constraints by layer of an artifact')
    .argument('<artifact>', 'the folder that compile wrote')
    .addHelpText(
      'after',
      examples([
        ['zkonnx inspect artifacts/iris', 'for people'],
        ['zkonnx inspect artifacts/iris --json', 'constraints, wires, publicInputs, protocol, layers, schema'],
      ]),
    )
    .action(session.action(run));
}

interface KeyState {
  readonly setup: KeyFacts['setup'];
  readonly keyDigest: string;
}

async function run(artifact: string): Promise<Outcome> {
  const { readManifest } = await import('../../formats/manifest.js');
  const manifest = await readManifest(artifact);
  const key = await readKey(artifact);
  const { circuit, model, protocol, quantisation, schema, layers, notes, tool } = manifest;
  const { constraints, wires, publicInputs, nonZeros, hash } = circuit;
  return {
    json: {
      formatVersion: manifest.formatVersion,
      tool,
      protocol,
      constraints,
      wires,
      publicInputs,
      nonZeros,
      model,
      circuitHash: hash,
      quantisation,
      schema,
      layers,
      notes,
      ...(key === undefined ? {} : { key }),
    },
    text: describe(manifest, key),
  };
}

/** The verification key beside the circuit, once setup has made one. */
async function readKey(artifact: string): Promise<KeyState | undefined> {
  const { artifactPaths } = await import('../../formats/manifest.js');
  const { kindOf } = await import('../output-file.js');
  const file = artifactPaths(artifact).verificationKey;
  if ((await kindOf(file)) === 'nothing') return undefined;
  const { readKeyFile } = await import('../proof-files.js');
  const { setup, keyDigest } = (await readKeyFile(file)).facts;
  return { setup, keyDigest };
}

function describe(manifest: Manifest, key: KeyState | undefined): string {
  const { circuit, model, protocol, quantisation, schema, layers, notes, tool } = manifest;
  const facts = [
    ['model', `${model.file} (opset ${model.opset}${model.producer === '' ? '' : `, ${model.producer}`})`],
    ['', model.hash],
    ['circuit', circuit.hash],
    ['key', key === undefined ? 'none yet: zkonnx setup' : key.keyDigest],
    ['protocol', protocol],
    ['size', `${circuit.constraints} constraints, ${circuit.wires} wires, ${circuit.publicInputs} public signals`],
    ['activations', `${quantisation.bits} bits, overflow ${quantisation.overflow}, softmax in ${quantisation.softmax}`],
    ['written by', tool],
  ];
  const notice = key?.setup === 'development' ? `\n  ${DEVELOPMENT_NOTICE}` : '';
  return (
    `${table(facts)}${notice}` +
    `\n\nInputs\n${table(schema.inputs.map(describeTensor))}` +
    `\n\nOutputs\n${table(schema.outputs.map(describeTensor))}` +
    `\n\nLayers: constraints, shapes, proven bounds of the integers, scales\n${layerFactsTable(layers)}` +
    section('Notes', notes)
  );
}

function describeTensor({ name, dims, visibility, lo, hi, scale, zeroPoint, dtype, labels }: TensorSchema) {
  const ends = [lo, hi].map((q) => real((q - zeroPoint) * scale)).join(' to ');
  return [
    name,
    `[${dims.join(', ')}] ${dtype}`,
    visibility,
    `${ends} in steps of ${real(scale)}`,
    `integers ${lo} to ${hi}`,
    labels === undefined ? '' : `${labels.length} labels`,
  ];
}
