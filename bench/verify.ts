/** Part `verify`: the pairing on the kernels, with which provers check their proofs, against the standalone verifier's BigInt of @noble/curves. */
import { bn254 } from '@noble/curves/bn254.js';
import { inverse, mod } from '../src/field/bn254.js';
import { instantiateKernels, type Kernels } from '../src/kernels/module.js';
import { isInG2, pairingProductIsOne, preparePairs, type Pair } from '../src/kernels/pairing.js';
import { KernelVerifier } from '../src/prove/engine/kernel-verifier.js';
import { checkGroth16, groth16Equation } from '../src/verify/groth16.js';
import { prepareGroth16Key, type PreparedGroth16Key } from '../src/verify/key.js';
import { alternate, perOperation, type Comparison, type Context, type Run, type Section } from './harness.js';
import { affineG2, G1, G2, g1Json, g2Json } from './points.js';
import { randomResidues } from './random.js';
import { benchMirage } from './verify-mirage.js';

const NOBLE = '@noble/curves';
/** Milliseconds asked of a verification of five pairs. */
const LIMIT_MS = 15;
const SIGNALS = [3, 200];
/** Ours is too short to be timed alone. */
const REPEATS = 10;

export async function benchVerify(context: Context): Promise<Section[]> {
  const kernels = await instantiateKernels();
  const comparisons: Comparison[] = [];
  for (const signals of context.quick ? [3] : SIGNALS) comparisons.push(await benchGroth16(context, signals));
  comparisons.push(
    ...(await benchMirage(context)),
    ...(await benchProduct(context, kernels)),
    await benchSubgroup(context, kernels),
  );
  return [
    {
      title: 'Verification',
      notes: [
        'One thread, key prepared, warm. Both sides accept before they are timed, and both refuse another statement.',
        `A Groth16 check is four pairs, one of them the key’s own (computed once by ours), with curve and subgroup checks. Ours is the mean of ${REPEATS} ` +
          'checks a run.',
        'A mirage proof is a proof file against a key: reading, transcript, five pairs. Its public values are those of mnist-12, 784 pixels and ' +
          '10 scores. "BigInt" is the verifier of `zkonnx verify`; a batch is one product of pairings for all its proofs.',
        'Peer: the verifier of `zkonnx verify`, which is the judge; ours is what a prover checks its own proofs with.',
      ],
      comparisons,
    },
  ];
}

async function compare(
  { quick, log }: Context,
  name: string,
  ours: () => boolean,
  peer: () => boolean,
  limitMs?: number,
): Promise<Comparison> {
  log(name);
  if (!ours() || !peer()) throw new Error(`${name}: refused`);
  const times = await alternate(repeated(ours), peer, { pairs: quick ? 3 : 15, warmUp: 3 });
  return {
    name,
    ours: { who: 'zkonnx', ms: perOperation(times.ours, REPEATS) },
    peer: { who: NOBLE, ms: times.peer },
    ...(limitMs === undefined ? {} : { limitMs }),
  };
}

function repeated(run: Run): Run {
  return () => {
    for (let i = 0; i < REPEATS; i++) run();
  };
}

const accepts = (check: () => unknown): boolean => {
  try {
    check();
    return true;
  } catch {
    return false;
  }
};

async function benchGroth16(context: Context, count: number): Promise<Comparison> {
  const { key, signals, proof } = groth16Case(count);
  const verifier = await KernelVerifier.of(groth16Equation(key));
  const noble = (list: readonly string[]) => () => accepts(() => checkGroth16(key, list, proof));
  const ours = (list: readonly string[]) => () =>
    accepts(() => checkGroth16(key, list, proof, (numbers) => verifier.check(numbers)));
  const name = `Groth16, ${count} public signals`;
  const other = ['1', ...signals.slice(1)];
  if (noble(other)() || ours(other)()) throw new Error(`${name}: another statement was accepted`);
  return compare(context, name, ours(signals), noble(signals));
}

async function benchProduct(context: Context, kernels: Kernels): Promise<Comparison[]> {
  const [last, ...logs] = randomResidues('five pairs', 9) as [bigint, ...bigint[]];
  const pairs = Array.from({ length: 4 }, (_, i): [bigint, bigint] => [logs[2 * i]!, logs[2 * i + 1]!]);
  pairs.push([mod(-pairs.reduce((sum, [a, b]) => sum + a * b, 0n) * inverse(last)), last]);
  const points = pairs.map(([a, b]) => ({ g1: G1.BASE.multiply(a), g2: G2.BASE.multiply(b) }));
  const { Fp12 } = bn254.fields;
  const noble = () => Fp12.eql(bn254.pairingBatch(points), Fp12.ONE);
  const given = points.map(({ g1, g2 }): Pair => ({ g1: g1.toAffine(), g2: affineG2(g2) }));
  // As in a proof of two rounds: B is fresh, the other four points are the key's.
  const lines = preparePairs(
    kernels,
    points.slice(1).map(({ g2 }) => affineG2(g2)),
  );
  const prepared = given.map((pair, i): Pair => (i === 0 ? pair : { g1: pair.g1, g2: lines[i - 1]! }));
  if (pairingProductIsOne(kernels, given.slice(1))) throw new Error('four pairs of five give one');
  const row = (name: string, list: readonly Pair[]) =>
    compare(context, name, () => pairingProductIsOne(kernels, list), noble, LIMIT_MS);
  return [await row('five pairs', given), await row('five pairs, four of them prepared', prepared)];
}

function benchSubgroup(context: Context, kernels: Kernels): Promise<Comparison> {
  const point = G2.BASE.multiply(randomResidues('subgroup', 1)[0]!);
  const affine = affineG2(point);
  return compare(
    context,
    'subgroup check in G2',
    () => isInG2(kernels, affine!),
    () => point.isTorsionFree(),
  );
}

// ---- a key and a proof from their logarithms ----------------------------------------------------------------------------------------

function groth16Case(count: number): { key: PreparedGroth16Key; signals: string[]; proof: Record<string, unknown> } {
  const [alpha, beta, gamma, delta, a, b] = randomResidues('verify key', 6) as [
    bigint,
    bigint,
    bigint,
    bigint,
    bigint,
    bigint,
  ];
  const ic = randomResidues('verify ic', count + 1);
  const values = randomResidues('verify signals', count);
  const statement = values.reduce((sum, value, i) => sum + value * ic[i + 1]!, ic[0]!);
  const c = mod((a * b - alpha * beta - gamma * statement) * inverse(delta));
  return {
    key: prepareGroth16Key({
      protocol: 'groth16',
      curve: 'bn128',
      nPublic: count,
      vk_alpha_1: g1Json(alpha),
      vk_beta_2: g2Json(beta),
      vk_gamma_2: g2Json(gamma),
      vk_delta_2: g2Json(delta),
      IC: ic.map(g1Json),
    }),
    signals: values.map(String),
    proof: { pi_a: g1Json(a), pi_b: g2Json(b), pi_c: g1Json(c), protocol: 'groth16', curve: 'bn128' },
  };
}
