/** The verification key of a .zkey, ours or a foreign one, in snarkjs's JSON. */
import { internal } from '../errors.js';
import type { G1Json, G2Json, GtJson, SnarkjsVerificationKey } from '../formats/snarkjs-json.js';
import { coordinates, G1_BYTES, readZkeyVerifierPart } from '../formats/zkey-file.js';
import { WorkerPool } from '../../workers/worker-pool.js';
import type { SetupReply, SetupRequest } from './tasks.js';

/**
 * Reads a Groth16 .zkey and gives its verification key. Throws FILE_UNREADABLE, KEY_INVALID (not a zkey, sizes that contradict each
 * other, a point off its curve), FORMAT_VERSION. Subgroup membership is the verifier's to check.
 */
export async function verificationKeyFromZkey(file: string): Promise<SnarkjsVerificationKey> {
  const { nPublic, points, ic } = await readZkeyVerifierPart(file);
  const { alpha1, beta1, beta2, gamma2, delta1, delta2 } = points;
  const pool = new WorkerPool<SetupRequest, SetupReply>('setup-worker', { threads: 1 });
  try {
    const reply = await pool.run({ kind: 'pair', g1: [alpha1, beta1, delta1, ic], g2: [beta2, gamma2, delta2] });
    if (reply.kind !== 'pair') throw internal('a setup worker answered another request', { reply: reply.kind });
    return {
      protocol: 'groth16',
      curve: 'bn128',
      nPublic,
      vk_alpha_1: g1Json(alpha1),
      vk_beta_2: g2Json(beta2),
      vk_gamma_2: g2Json(gamma2),
      vk_delta_2: g2Json(delta2),
      vk_alphabeta_12: decimal(reply.alphaBeta) as GtJson,
      IC: Array.from({ length: nPublic + 1 }, (_, i) => g1Json(ic.subarray(i * G1_BYTES, (i + 1) * G1_BYTES))),
    };
  } finally {
    await pool.close();
  }
}

function g1Json(point: Uint8Array): G1Json {
  const [x, y] = coordinates(point) as [bigint, bigint];
  return x === 0n && y === 0n ? ['0', '1', '0'] : [String(x), String(y), '1'];
}

function g2Json(point: Uint8Array): G2Json {
  const values = coordinates(point);
  const [x0, x1, y0, y1] = values.map(String) as [string, string, string, string];
  const isInfinity = values.every((value) => value === 0n);
  return isInfinity
    ? [
        ['0', '0'],
        ['1', '0'],
        ['0', '0'],
      ]
    : [
        [x0, x1],
        [y0, y1],
        ['1', '0'],
      ];
}

function decimal(value: unknown): unknown {
  return Array.isArray(value) ? value.map(decimal) : String(value);
}
