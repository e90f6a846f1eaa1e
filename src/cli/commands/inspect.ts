/** zkonnx inspect: what an artifact proves and what it costs. */
import { Command } from 'commander';
import { ZkonnxError } from '../../base/errors.js';
import type { Manifest } from '../../formats/manifest.js';
import type { KeyFacts, ModelLabels } from '../../verify/key.js';
import { clampedKeyWord } from '../../verify/clamped.js';
import { VERIFIERS } from '../../verify/protocols.js';
import type { Protocol, Schema, TensorSchema } from '../../verify/statement.js';
import { accuracySection } from '../accuracy-text.js';
import { examples, integerIn } from '../options.js';
import type { Outcome, Session } from '../session.js';
import { figuresJson, figuresLine, layerFactsTable, layerUnit, real, section, SETUP_NOTICES, table } from '../text.js';

export function inspectCommand(session: Session): Command {
  return new Command('inspect')
    .description('show operators, shapes, scales, bounds and constraints by layer of an artifact')
    .argument('<artifact>', 'the folder that compile wrote')
    .option(
      '--row <n>',
      'where one row of the circuit comes from and what argues for it; from 0',
      integerIn('--row', 0, 2 ** 32 - 1),
    )
    .addHelpText(
      'after',
      examples([
        ['zkonnx inspect artifacts/iris', 'for people'],
        ['zkonnx inspect artifacts/iris --json', 'constraints, wires, publicInputs, protocol, layers, schema'],
        ['zkonnx inspect artifacts/iris --row 40', 'which node, gadget and paragraph of the docs row 40 belongs to'],
      ]),
    )
    .action(session.action(run));
}

interface KeyState {
  readonly setup: KeyFacts['setup'];
  readonly keyDigest: string;
}

interface Flags {
  readonly row?: number;
}

async function run(artifact: string, { row }: Flags): Promise<Outcome> {
  const { readManifest } = await import('../../formats/manifest.js');
  const manifest = await readManifest(artifact);
  await requireOwnSchema(artifact, manifest);
  if (row !== undefined) return explain(artifact, row);
  const key = await readKey(artifact);
  const { circuit, model, protocol, quantisation, schema, layers, notes, tool } = manifest;
  const { publicInputs, hash } = circuit;
  return {
    json: {
      formatVersion: manifest.formatVersion,
      tool,
      protocol,
      ...(VERIFIERS[protocol].review === undefined ? {} : { review: VERIFIERS[protocol].review }),
      ...figuresJson(manifest),
      publicInputs,
      model,
      circuitHash: hash,
      schemaDigest: manifest.schemaDigest ?? null,
      quantisation,
      schema,
      ...(manifest.accuracy === undefined ? {} : { accuracy: manifest.accuracy }),
      layers,
      notes,
      ...(key === undefined ? {} : { key }),
    },
    text: describe(manifest, key),
  };
}

/** What is shown of the schema is what the digest beside it names. Throws ARTIFACT_INVALID. */
async function requireOwnSchema(artifact: string, { schema, schemaDigest: said }: Manifest): Promise<void> {
  const { artifactPaths } = await import('../../formats/manifest.js');
  const { schemaDigest } = await import('../../verify/schema.js');
  const digest = schemaDigest(schema);
  if (said === undefined || said === digest) return;
  throw new ZkonnxError('ARTIFACT_INVALID', 'the manifest names another I/O schema than it has', {
    expected: said,
    got: digest,
    where: artifactPaths(artifact).manifest,
    help: 'the manifest was edited: compile the model again',
  });
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

/** What an artifact lacks that was written before rows had origins. */
const NO_ORIGINS =
  'this artifact was compiled before rows had origins: compile the model again (the circuit and its keys stay the same)';
const NO_PARAGRAPH = 'not known to this version of zkonnx';

/** One row: its origin, its text, the paragraph of the docs. */
async function explain(artifact: string, n: number): Promise<Outcome> {
  const { explainRow } = await import('../../compile/explain-row.js');
  const { row, rows, origin, paragraph, text } = await explainRow(artifact, n);
  const docs = paragraph === undefined ? null : { title: paragraph.title, link: docsLink(paragraph) };
  const facts: [string, string][] =
    origin === undefined
      ? [['origin', NO_ORIGINS]]
      : [
          ['node', shortened(origin.layer.name)],
          ['layer', shortened(origin.layer.op)],
          ['IR op', origin.irOp === '' ? 'none: of the circuit itself' : origin.irOp],
          ['gadget', origin.gadget === 'none' ? 'none: asked by the op itself' : origin.gadget],
          ['question', `${origin.question}, by ${origin.layout}`],
          ['argued in', docs === null ? NO_PARAGRAPH : `${docs.link} (${docs.title})`],
        ];
  return {
    json: {
      row,
      constraints: rows,
      ...(origin === undefined
        ? { origin: null, note: NO_ORIGINS }
        : {
            origin: {
              node: origin.layer.name,
              layer: origin.layer.op,
              irOp: origin.irOp === '' ? null : origin.irOp,
              gadget: origin.gadget === 'none' ? null : origin.gadget,
              question: origin.question,
              layout: origin.layout,
            },
            docs,
          }),
      text,
    },
    text: `${table([['row', `${row} of ${rows}, from 0`], ...facts])}\n\n  ${text}`,
  };
}

const docsLink = ({ page, anchor }: { readonly page: string; readonly anchor: string }): string =>
  `docs/${page}#${anchor}`;

const SHOWN_NAME = 120;
const shortened = (name: string): string => (name.length > SHOWN_NAME ? `${name.slice(0, SHOWN_NAME)}…` : name);

function describe(manifest: Manifest, key: KeyState | undefined): string {
  const { circuit, model, protocol, quantisation, schema, layers, notes, tool } = manifest;
  const schemaDigest = manifest.schemaDigest ?? 'none: an artifact of formatVersion 1';
  const facts = [
    ['model', `${model.file} (opset ${model.opset}${model.producer === '' ? '' : `, ${model.producer}`})`],
    ['', model.hash],
    ...labelRows(model),
    ['circuit', circuit.hash],
    ['schema', schemaDigest],
    ['key', key === undefined ? 'none yet: zkonnx setup' : key.keyDigest],
    ['protocol', reviewed(protocol)],
    ['size', `${figuresLine(manifest)}, ${circuit.publicInputs} public signals`],
    ['activations', `${quantisation.bits} bits, overflow ${quantisation.overflow}, softmax in ${quantisation.softmax}`],
    ...overflowLines(schema),
    ['written by', tool],
  ];
  const notice = key === undefined ? '' : `\n  ${SETUP_NOTICES[key.setup]}`;
  return (
    `${table(facts)}${notice}` +
    `\n\nInputs\n${table(schema.inputs.flatMap((tensor) => [describeTensor(tensor), ...describeSteps(tensor)]))}` +
    `\n\nOutputs\n${table(schema.outputs.map(describeTensor))}` +
    (manifest.accuracy === undefined ? '' : accuracySection(manifest.accuracy)) +
    `\n\nLayers: ${layerUnit(protocol)}, shapes, proven bounds of the integers, scales\n${layerFactsTable(layers)}` +
    section('Notes', notes)
  );
}

/** What becomes of a value beyond its range, whether the statement says so, and what that shows of hidden inputs. */
function overflowLines(schema: Schema): string[][] {
  const hidden = schema.inputs.filter(({ visibility }) => visibility !== 'public');
  const isShown = schema.clamped === true && hidden.length > 0;
  return [
    ['overflow', OVERFLOW_MEANS[clampedKeyWord(schema)]],
    ...(isShown
      ? [['', 'inputs are hidden: whether one of them made a value clamp is one bit of them that a proof shows']]
      : []),
  ];
}

const OVERFLOW_MEANS: { readonly [W in ReturnType<typeof clampedKeyWord>]: string } = {
  stated: 'a value beyond its calibrated range is clamped, and the statement has a bit that says whether one was',
  rejected: 'a value beyond its calibrated range has no proof: no bit in the statement',
  excluded: 'no input of the domain takes a value out of its range, by exact bounds: no bit in the statement',
  unsaid:
    'a value beyond its calibrated range may be clamped, and the statement does not say: compile again for one that does',
};

const reviewed = (protocol: Protocol): string => {
  const { review } = VERIFIERS[protocol];
  return review === undefined ? protocol : `${protocol}, ${review}`;
};

function labelRows({ name = '', version = '', card }: ModelLabels): string[][] {
  const said = `${name} ${version}`.trim();
  return [...(said === '' ? [] : [['', said]]), ...(card === undefined ? [] : [['card', card]])];
}

function describeTensor(tensor: TensorSchema) {
  const { name, dims, visibility, lo, hi, scale, dtype, labels } = tensor;
  return [
    name,
    `[${dims.join(', ')}] ${dtype}`,
    visibility,
    typeof scale === 'number' ? rangeOf(tensor) : `steps by axis ${tensor.axis!}`,
    `integers ${lo} to ${hi}`,
    labels === undefined ? '' : `${labels.length} labels`,
  ];
}

/** A line for each index of the axis that scales go along; none for a tensor with one scale. */
function describeSteps({ lo, hi, scale, zeroPoint, axis }: TensorSchema): string[][] {
  if (axis === undefined) return [];
  const [scales, zeroPoints] = [scale, zeroPoint] as [readonly number[], readonly number[]];
  return scales.map((each, index) => {
    const range = rangeOf({ lo, hi, scale: each, zeroPoint: zeroPoints[index]! });
    return [`  index ${index} of axis ${axis}`, '', '', range, '', ''];
  });
}

/** Of a tensor with one scale, or one step of several. */
function rangeOf({ lo, hi, scale, zeroPoint }: Pick<TensorSchema, 'lo' | 'hi' | 'scale' | 'zeroPoint'>): string {
  const ends = [lo, hi].map((q) => real((q - Number(zeroPoint)) * Number(scale))).join(' to ');
  return `${ends} in steps of ${real(Number(scale))}`;
}
