/** Transforms over Fr: one of them, and the chain that Groth16 does of three polynomials. */
import type { Domain } from '../src/kernels/domain.js';
import { ELEMENT_BYTES } from '../src/kernels/field-exports.js';
import { createNttTable, oddCosetPhases, type NttTable, type NttTask } from '../src/kernels/ntt.js';
import { ranges, type Team } from '../src/kernels/team.js';
import type { FfField } from './ffjavascript.js';
import { alternate, type Comparison, type Run, type Section } from './harness.js';
import type { KernelBench } from './kernel-bench.js';
import { randomResidues, scalarBytes } from './random.js';

const TARGET = 3;

export async function benchNtt(bench: KernelBench): Promise<Section> {
  const { team, quick } = bench;
  const logSizes = quick ? [12] : [16, 18];
  const table = createNttTable(team.kernels, Math.max(...logSizes));
  const comparisons: Comparison[] = [];
  for (const logSize of logSizes) {
    const mark = team.kernels.heap.mark();
    comparisons.push(...(await benchSize(bench, table, logSize)));
    team.kernels.heap.release(mark);
  }
  return {
    title: 'Transforms',
    notes: [
      'NTT: one polynomial, natural order to natural order; of ours the last step, the bit reversal that no proof needs, is one thread’s.',
      'Coset chain: three polynomials from values on the domain to values on the odd coset, as a proof does it; the peer as snarkjs does it: ' +
        'ifft, batchApplyKey, fft. On 3·2^(k−2) points beside our own on 2^k.',
    ],
    comparisons,
  };
}

async function benchSize(
  { team, curve, quick, log }: KernelBench,
  table: NttTable,
  logSize: number,
): Promise<Comparison[]> {
  const { heap, exports } = team.kernels;
  const n = 2 ** logSize;
  const values = scalarBytes(randomResidues('transform', n));
  const given = heap.copyIn(values);
  const polynomials = [0, 1, 2].map(() => heap.allocate(n * ELEMENT_BYTES));
  for (const data of polynomials) exports.fr_from_mont256_n(data, given, n);
  const options = { pairs: quick ? 3 : 11, warmUp: 1 };
  const compare = async (name: string, ours: Run, peer: Run): Promise<Comparison> => {
    log(name);
    const times = await alternate(ours, peer, options);
    const target = logSize === 18 ? { target: TARGET } : {};
    return { name, ours: { who: 'zkonnx', ms: times.ours }, peer: { who: 'ffjavascript', ms: times.peer }, ...target };
  };
  const transform = () => forwardTransform(team, table, polynomials[0]!, logSize);
  const peerTransform = () => curve.Fr.fft(values);
  await transform();
  exports.fr_to_mont256_n(given, polynomials[0]!, n);
  if (Buffer.compare(heap.bytes(given, values.length), await peerTransform()) !== 0) {
    throw new Error(`NTT 2^${logSize}: the transforms differ`);
  }
  const chain = (domain: Domain) => runPhases(team, table, oddCosetPhases(table, domain, polynomials, team.size));
  const whole: Domain = { logSize, cosets: 1 };
  const three: Domain = { logSize: logSize - 2, cosets: 3 };
  const threeName = `coset chain 3·2^${three.logSize}`;
  log(threeName);
  const between = await alternate(
    () => chain(three),
    () => chain(whole),
    options,
  );
  return [
    await compare(`NTT 2^${logSize}`, transform, peerTransform),
    await compare(
      `coset chain 2^${logSize}`,
      () => chain(whole),
      async () => {
        for (let i = 0; i < polynomials.length; i++) await peerChain(curve.Fr, values, logSize);
      },
    ),
    {
      name: threeName,
      ours: { who: 'zkonnx', ms: between.ours },
      peer: { who: `zkonnx 2^${logSize}`, ms: between.peer },
    },
  ];
}

/** Two layers in ranges, then the four quarters, then natural order. */
async function forwardTransform(team: Team, table: NttTable, data: number, logSize: number): Promise<void> {
  const size = 2 ** logSize;
  const top = ranges(size / 4, team.size).map((range): NttTask => {
    return { kind: 'forward-top', data, size, cosets: 1, node: 0, ...range };
  });
  const quarters = Array.from({ length: 4 }, (_, node): NttTask => {
    const first = data + ((node * size) / 4) * ELEMENT_BYTES;
    return { kind: 'forward', data: first, size: size / 4, cosets: 1, node, from: 0, to: size / 16 };
  });
  await runPhases(team, table, [top, quarters]);
  team.kernels.exports.fr_bit_reverse(data, logSize, 0, size);
}

async function runPhases(team: Team, table: NttTable, phases: readonly (readonly NttTask[])[]): Promise<void> {
  for (const phase of phases) await team.run(phase.map((task) => ({ kind: 'ntt', table: table.pointer, task })));
}

async function peerChain(field: FfField, values: Uint8Array, logSize: number): Promise<void> {
  const coefficients = await field.ifft(values);
  await field.fft(await field.batchApplyKey(coefficients, field.one, field.w[logSize + 1]!));
}
