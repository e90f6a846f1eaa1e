/**
 * `npm run trial:ranges [MODEL …] [a|b|c …]`: whether an output that the bit does not flag is ever off by more than the stated tolerance. Each model is compiled
 * from 16 samples, from a domain alone, and with `--overflow never`; then looked at on random points (data with noise, of pictures), at corners,
 * and at the ends of ascents on |integer − float|, by draws of its own. Exit code 1 where one is off, or too many are flagged.
 */
import { ZkonnxError } from '../src/base/errors.js';
import { corner, nudged, randomCorner, randomPoint, type SearchDomains } from '../src/compile/bounds/points.js';
import { searchDomains } from '../src/compile/bounds/integer-model.js';
import type { Values } from '../src/compile/bounds/gradient.js';
import { lehmer } from '../src/compile/bounds/random.js';
import { encodeInputs } from '../src/compile/real/input-grid.js';
import { compileInside, type CompiledInside } from '../src/compile/compile.js';
import { clampWatch } from '../src/compile/ir/clamped.js';
import { Interpreter } from '../src/compile/ir/program.js';
import { readingModel } from '../src/compile/model-file.js';
import { DEFAULT_TOLERANCE, type CompileOptions } from '../src/compile/options.js';
import { RealEvaluator } from '../src/compile/real/evaluate.js';
import { uniformBox } from '../src/compile/real/box.js';
import { sizeOf, type RealGraph } from '../src/compile/real/graph.js';
import { Stages } from '../src/compile/stages.js';
import { modelCases, modelPath } from './models.js';

interface Trial {
  readonly name: string;
  readonly lo: number;
  readonly hi: number;
  /** Random points; of pictures, data with noise: they are slower to run, and fewer. */
  readonly points: number;
  readonly pictures: boolean;
  /** Rows before ranges came from the domain, where they were written down. */
  readonly before?: number;
}

const trials: readonly Trial[] = [
  { name: 'acasxu-1-1', lo: -0.5, hi: 0.5, points: 10_000, pictures: false, before: 2394 },
  { name: 'mnist-12', lo: 0, hi: 1, points: 1000, pictures: true },
  { name: 'cifar-cnn-deepprove', lo: -1, hi: 1, points: 1000, pictures: true },
];

const SAMPLES = 16;
const CORNERS = 32;
const ASCENTS = 200;
const MOVES = { features: 60, pictures: 8 };
/** Noise on pictures, as a part of the domain's width. */
const NOISE = 0.05;

interface Way {
  readonly label: string;
  readonly options: CompileOptions;
  /** Part of the random points that may be flagged. */
  readonly mayFlag: number;
}

async function graphOf(name: string): Promise<RealGraph> {
  const { prepared } = await new Stages({}).run('import', readingModel(modelPath(name), {}));
  return prepared.graph;
}

/** Uniform over the domain; of pictures the data. */
async function dataOf(
  { name, pictures }: Trial,
  where: SearchDomains,
  random: () => number,
): Promise<readonly Values[]> {
  if (!pictures) return Array.from({ length: SAMPLES }, () => randomPoint(where, random));
  const { samples } = await modelCases.find((each) => each.name === name)!.options();
  return samples!;
}

function waysOf({ lo, hi }: Trial, data: readonly Values[]): Way[] {
  const domain = { lo, hi };
  return [
    { label: `(a) from ${SAMPLES} samples`, options: { samples: data.slice(0, SAMPLES) }, mayFlag: 0.1 },
    { label: '(b) from the domain', options: { domain }, mayFlag: 0.01 },
    { label: '(c) never', options: { domain, overflow: 'never' }, mayFlag: 0 },
  ];
}

interface Look {
  /** The largest error of an output, as a part of its magnitude on the samples. */
  readonly error: number;
  readonly isFlagged: boolean;
}

class Judge {
  private readonly floats: RealEvaluator;
  private readonly integers: Interpreter;
  private readonly watch: ReturnType<typeof clampWatch>;

  constructor(
    private readonly graph: RealGraph,
    private readonly compiled: CompiledInside,
  ) {
    this.floats = new RealEvaluator(graph);
    this.integers = new Interpreter(compiled.quantised.ir);
    this.watch = clampWatch(compiled.quantised.ir);
  }

  look(point: Values): Look {
    const { quantised, domains, accuracy } = this.compiled;
    const values = this.integers.run(encodeInputs(point, domains));
    const floats = this.floats.run(point);
    let error = 0;
    this.graph.outputs.forEach(({ node }, o) => {
      const { node: irNode, scale, offset } = quantised.tensors.get(node)!;
      const magnitude = accuracy.outputs[o]!.magnitude || 1;
      values.get(irNode)!.forEach((q, i) => {
        error = Math.max(error, Math.abs(q * scale + offset - floats.get(node)![i]!) / magnitude);
      });
    });
    return { error, isFlagged: this.watch(values).length > 0 };
  }
}

class Sums {
  private looks = 0;
  private flagged = 0;
  worst = 0;

  add({ error, isFlagged }: Look): void {
    this.looks++;
    if (isFlagged) this.flagged++;
    else this.worst = Math.max(this.worst, error);
  }

  get flaggedPart(): number {
    return this.flagged / Math.max(1, this.looks);
  }

  text(): string {
    return `worst ${percent(this.worst)} %, flagged ${percent(this.flaggedPart)} % of ${this.looks}`;
  }
}

/** Random points, corners, ascents. */
function judge(trial: Trial, way: Way, compiled: CompiledInside, graph: RealGraph, data: readonly Values[]): boolean {
  const { circuit } = compiled.manifest;
  const judging = new Judge(graph, compiled);
  const where = within(searchDomains(graph, compiled.domains), trial);
  const random = lehmer(97);
  const [points, corners, ascents] = [new Sums(), new Sums(), new Sums()];
  const drawn = (i: number) =>
    trial.pictures
      ? nudged(where, data[i % data.length]!, { size: NOISE, share: 1, random })
      : randomPoint(where, random);
  for (let i = 0; i < trial.points; i++) points.add(judging.look(drawn(i)));
  for (let c = 0; c < CORNERS; c++) {
    corners.add(judging.look(trial.pictures && c > 1 ? randomCorner(where, random) : corner(where, c === 1 ? -1 : c)));
  }
  if (!trial.pictures) corners.add(judging.look(corner(where, 1)));
  const moves = trial.pictures ? MOVES.pictures : MOVES.features;
  for (let a = 0; a < ASCENTS; a++) ascents.add(ascend(judging, where, drawn(a), { moves, random }));
  const tolerance = compiled.manifest.quantisation.tolerance;
  const isRight = [points, corners, ascents].every(({ worst }) => worst <= tolerance);
  const isKept =
    points.flaggedPart <= way.mayFlag && (way.mayFlag > 0 || ascents.flaggedPart + corners.flaggedPart === 0);
  const before = trial.before === undefined ? '' : ` (before: ${trial.before})`;
  console.log(
    `${trial.name} ${way.label}: ${circuit.constraints} rows${before}, ${compiled.manifest.quantisation.bits} bits, tolerance ${percent(tolerance)} %`,
  );
  console.log(`  random points: ${points.text()}\n  corners: ${corners.text()}\n  ascents: ${ascents.text()}`);
  if (!isRight) console.log('  NOT within the tolerance where the bit is 0');
  if (!isKept) console.log(`  flagged more than ${percent(way.mayFlag)} %`);
  return isRight && isKept;
}

/** The compiled domains, cut to the trial's: what calibration adds is not what the trial draws from. */
function within(domains: SearchDomains, { lo, hi }: Trial): SearchDomains {
  return new Map(
    [...domains].map(([name, { box, ...domain }]) => {
      const cut = { lo: box.lo.map((end) => Math.max(lo, end)), hi: box.hi.map((end) => Math.min(hi, end)) };
      return [name, { ...domain, box: cut }];
    }),
  );
}

/** All that the trial draws from. */
function wholeOf({ inputs, nodes }: RealGraph, { lo, hi }: Trial): SearchDomains {
  const named = nodes.filter(({ name }) => inputs.includes(name));
  return new Map(named.map((node) => [node.name, { box: uniformBox(sizeOf(node), lo, hi), step: 0, dims: node.dims }]));
}

/** The last point of an ascent that was not flagged; where it begins flagged, that one. */
function ascend(
  judging: Judge,
  where: SearchDomains,
  from: Values,
  { moves, random }: { readonly moves: number; readonly random: () => number },
): Look {
  let [point, best] = [from, judging.look(from)];
  let size = 0.2;
  for (let m = 0; m < moves; m++) {
    const next = nudged(where, point, { size, share: m % 2 === 0 ? 0.1 : 1, random });
    const look = judging.look(next);
    if (!look.isFlagged && (best.isFlagged || look.error > best.error)) [point, best] = [next, look];
    else size *= 0.93;
  }
  return best;
}

function percent(part: number): string {
  return (100 * part).toPrecision(3);
}

const ways = process.argv.slice(2).filter((word) => /^[abc]$/.test(word));
const asked = process.argv.slice(2).filter((word) => !ways.includes(word));
let failures = 0;
for (const trial of trials.filter(({ name }) => asked.length === 0 || asked.includes(name))) {
  const graph = await graphOf(trial.name);
  const data = await dataOf(trial, wholeOf(graph, trial), lehmer(11));
  for (const way of waysOf(trial, data).filter(({ label }) => ways.length === 0 || ways.includes(label[1]!))) {
    try {
      const started = performance.now();
      const compiled = await compileInside(modelPath(trial.name), { tolerance: DEFAULT_TOLERANCE, ...way.options });
      console.log(`compiled in ${((performance.now() - started) / 1000).toFixed(1)} s`);
      if (!judge(trial, way, compiled, graph, data)) failures++;
    } catch (error) {
      if (!(error instanceof ZkonnxError)) throw error;
      console.log(`${trial.name} ${way.label}: refused, ${error.message}`);
    }
  }
}
process.exitCode = failures === 0 ? 0 : 1;
