/** Of part `verify`: proof files of protocol `mirage`, on the kernels, by the standalone verifier, and many at once. */
import { inverse, mod } from '../src/field/bn254.js';
import { KernelVerifier } from '../src/prove/engine/kernel-verifier.js';
import {
  makeMirageProof,
  makeVerificationKey,
  verify,
  verifyBatch,
  type MirageProofFile,
  type MirageVerificationKey,
  type Schema,
  type TensorSchema,
} from '../src/verify/index.js';
import { pointsFor, prepareKey } from '../src/verify/key.js';
import { mirageEquation } from '../src/verify/mirage.js';
import { pack } from '../src/verify/statement.js';
import { drawChallenges } from '../src/verify/transcript.js';
import { verifyBy } from '../src/verify/verify.js';
import { alternate, perOperation, takeTurns, type Comparison, type Context, type Run } from './harness.js';
import { G1, g1Json, g2Json } from './points.js';
import { randomIntegers, randomResidues } from './random.js';

/** Milliseconds asked of one verification. */
const KERNELS_LIMIT_MS = 15;
const BIGINT_LIMIT_MS = 100;
/** The kernels are too short to be timed alone. */
const REPEATS = 10;
const BATCH = 16;
const BIGINT = 'zkonnx verify, BigInt';

export async function benchMirage({ quick, log }: Context): Promise<Comparison[]> {
  const { key: file, proofs } = mirageCase(BATCH);
  const key = prepareKey(file);
  const kernels = await KernelVerifier.of(mirageEquation(pointsFor('mirage', key)));
  const onKernels = (proof: unknown) => verifyBy<'mirage'>((numbers) => kernels.check(numbers), proof, key).valid;
  const byBigInt = (proof: unknown) => verify(proof, key).valid;
  const [one] = proofs as [MirageProofFile];
  const otherStatement = { ...one, publicSignals: ['1', ...one.publicSignals.slice(1)] };
  const otherLast = [...proofs.slice(1), otherStatement];
  const isRefused =
    !onKernels(otherStatement) && !byBigInt(otherStatement) && !verifyBatch(otherLast, key).at(-1)!.valid;
  if (!isRefused) throw new Error('mirage: another statement was accepted');

  const must = (holds: () => boolean): Run => {
    return () => {
      if (!holds()) throw new Error('mirage: a valid proof was refused');
    };
  };
  const name = `mirage, ${one.publicSignals.length} public elements`;
  const pairs = quick ? 3 : 15;
  log(name);
  const single = await alternate(
    must(() => Array.from({ length: REPEATS }, () => onKernels(one)).every(Boolean)),
    must(() => byBigInt(one)),
    { pairs, warmUp: 3 },
  );
  log(`${name}, a batch of ${BATCH}`);
  const [batch, each] = (await takeTurns(
    [
      must(() => verifyBatch(proofs, key).every(({ valid }) => valid)),
      must(() => proofs.every((proof) => byBigInt(proof))),
    ],
    { pairs: quick ? 1 : 5 },
  )) as [number[], number[]];
  return [
    {
      name,
      ours: { who: 'kernels', ms: perOperation(single.ours, REPEATS) },
      peer: { who: BIGINT, ms: single.peer },
      limitMs: KERNELS_LIMIT_MS,
    },
    { name: `${name}, BigInt`, ours: { who: BIGINT, ms: single.peer }, limitMs: BIGINT_LIMIT_MS },
    {
      name: `${name}, BigInt, batch of ${BATCH}, a proof`,
      ours: { who: 'zkonnx verifyBatch', ms: perOperation(batch, BATCH) },
      peer: { who: `${BIGINT}, one by one`, ms: perOperation(each, BATCH) },
    },
  ];
}

// ---- a key and proofs from their logarithms -----------------------------------------------------------------------------------------

const tensor = (name: string, dims: readonly number[], bytes: number): TensorSchema => ({
  name,
  dims,
  visibility: 'public',
  lo: 0,
  hi: 256 ** bytes - 1,
  bytes,
  scale: 1,
  zeroPoint: 0,
  dtype: 'float32',
});

/** As mnist-12 compiles: 28 elements. */
const SCORES = tensor('scores', [1, 10], 4);
const PIXELS = tensor('image', [1, 1, 28, 28], 1);
const SCHEMA: Schema = { outputs: [SCORES], inputs: [PIXELS], overflow: 'saturate', clamped: false };

function mirageCase(count: number): { key: MirageVerificationKey; proofs: MirageProofFile[] } {
  type Logs = [bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint];
  const [alpha, beta, delta1, delta2, ...ic] = randomResidues('verify mirage key', 8) as Logs;
  const hash = (digit: string) => `sha256:${digit.repeat(64)}`;
  const points = {
    protocol: 'mirage',
    curve: 'bn128',
    nPublic: publicValues(0).length,
    vk_alpha_1: g1Json(alpha),
    vk_beta_2: g2Json(beta),
    vk_gamma_2: g2Json(1n),
    vk_delta1_2: g2Json(delta1),
    vk_delta2_2: g2Json(delta2),
    IC: ic.map(g1Json),
  } as const;
  const facts = { setup: 'development', modelHash: hash('a'), circuitHash: hash('c'), schema: SCHEMA } as const;
  const key = makeVerificationKey(points, facts);
  const proofs = Array.from({ length: count }, (_, index) => {
    const [a, b, c1] = randomResidues(`verify mirage proof ${index}`, 3) as [bigint, bigint, bigint];
    const values = publicValues(index);
    const transcript = { keyDigest: key.zkonnx.keyDigest, publicValues: values, context: new Uint8Array() };
    const { x, theta, d } = drawChallenges({ ...transcript, c1: G1.BASE.multiply(c1).toAffine() });
    const statement = ic[0] + x * ic[1] + theta * ic[2] + d * ic[3];
    // A·B = αβ + L + C1·δ1 + C2·δ2, in the exponents.
    const c2 = mod(mod(a * b - alpha * beta - statement - c1 * delta1) * inverse(delta2));
    const proof = { pi_a: g1Json(a), pi_b: g2Json(b), pi_c1: g1Json(c1), pi_c2: g1Json(c2) };
    return makeMirageProof({ protocol: 'mirage', curve: 'bn128', ...proof }, values.map(String), '0x', key.zkonnx);
  });
  return { key, proofs };
}

function publicValues(index: number): bigint[] {
  const scores = randomIntegers(`verify mirage scores ${index}`, 10, 16);
  const pixels = randomIntegers(`verify mirage pixels ${index}`, 784, 8);
  return [...pack(SCORES, scores, 'big'), ...pack(PIXELS, pixels, 'big')];
}
