/** `export solidity`: a verifier contract for one key, and the calldata it takes. */
import { keccak_256 } from '@noble/hashes/sha3.js';
import { groth16VerifierAbi, groth16VerifierSource } from '../../contracts/groth16-verifier.js';
import type { PointG1, PointG2 } from '../../contracts/solidity-parts.js';
import { ZkonnxError } from '../errors.js';
import type { G1, G2 } from '../verify/curve.js';
import { isPreparedKey, isUncontributed, prepareKey } from '../verify/key.js';
import { readCoordinates, readProofJson, readSignals } from '../verify/proof.js';
import { refusing } from '../verify/refusal.js';

export interface SolidityOptions {
  /** Name of the contract: a capital letter, then letters, digits and _. Default ZkonnxVerifier. */
  readonly name?: string;
  /** Export a key that no ceremony made. It is marked in the contract; such a contract secures nothing. */
  readonly allowDevelopmentKey?: boolean;
}

export interface SolidityExport {
  readonly source: string;
  readonly abi: readonly object[];
}

/** EIP-170 caps deployed code at 24,576 bytes: about 105 bytes a signal, compiled without optimiser (forge's default). */
export const MAX_CONTRACT_SIGNALS = 190;

/**
 * The verifier contract of a key (JSON text, parsed, or prepared). Throws KEY_INVALID for an unusable or forgeable key, DEV_KEY
 * for one that no ceremony made (unless allowed), USAGE for a bad name or a key with none or more than MAX_CONTRACT_SIGNALS signals.
 */
export function exportSolidity(keyJson: unknown, options: SolidityOptions = {}): SolidityExport {
  const key = isPreparedKey(keyJson) ? keyJson : prepareKey(keyJson);
  const { groth16, facts } = key;
  const name = options.name ?? 'ZkonnxVerifier';
  if (!/^[A-Z][A-Za-z0-9_]{0,63}$/.test(name)) {
    throw new ZkonnxError('USAGE', 'unusable contract name', {
      expected: 'a capital letter, then at most 63 letters, digits and _',
      got: JSON.stringify(name.slice(0, 80)),
    });
  }
  if (isUncontributed(groth16)) {
    throw new ZkonnxError(
      'KEY_INVALID',
      'the verification key has no phase 2 contribution: anyone can forge its proofs',
      {
        where: 'vk_delta_2 is the generator of G2',
        help: 'contribute to the key before exporting its verifier',
      },
    );
  }
  if (facts.setup !== 'ceremony' && options.allowDevelopmentKey !== true) {
    throw new ZkonnxError('DEV_KEY', 'this key secures nothing: whoever made it can forge proofs', {
      expected: 'a key whose setup is "ceremony"',
      got: `setup "${facts.setup}"`,
      help: 'run a ceremony, or for test networks allow development keys explicitly (--allow-development-key)',
    });
  }
  if (groth16.nPublic < 1 || groth16.nPublic > MAX_CONTRACT_SIGNALS) {
    throw new ZkonnxError('USAGE', 'no contract takes this number of public signals', {
      expected: `1 to ${MAX_CONTRACT_SIGNALS} (a contract has at most 24,576 bytes, EIP-170)`,
      got: String(groth16.nPublic),
      help: 'compile with --input committed or --output committed: a committed tensor is one signal',
    });
  }
  const source = groth16VerifierSource({
    name,
    setup: facts.setup,
    keyDigest: facts.keyDigest.slice('0x'.length),
    modelHash: facts.modelHash.slice('sha256:'.length),
    circuitHash: facts.circuitHash.slice('sha256:'.length),
    alpha: wordsG1(groth16.alpha),
    beta: wordsG2(groth16.beta),
    gamma: wordsG2(groth16.gamma),
    delta: wordsG2(groth16.delta),
    ic: groth16.ic.map(wordsG1),
  });
  return { source, abi: groth16VerifierAbi(groth16.nPublic) };
}

function wordsG1(point: G1): PointG1 {
  const { x, y } = point.toAffine();
  return [x, y];
}

function wordsG2(point: G2): PointG2 {
  const { x, y } = point.toAffine();
  return [x.c1, x.c0, y.c1, y.c0];
}

export interface SolidityCalldata {
  /** Eight words; the imaginary parts of B come first. */
  readonly proof: readonly bigint[];
  readonly signals: readonly bigint[];
  /** "0x", selector and arguments of `verify(uint256[8],uint256[N])`, for `cast call ADDRESS --data` or eth_call. */
  readonly data: `0x${string}`;
}

/**
 * What the contract takes, from a proof.json (text or parsed). Throws INPUT_FORMAT where a number of it is no canonical decimal
 * in range; whether the proof holds is the contract's to say.
 */
export function solidityCalldata(proofJson: unknown): SolidityCalldata {
  const parts = refusing(() => {
    const file = readProofJson(proofJson);
    const published = file['publicSignals'];
    const signals = readSignals(published, Array.isArray(published) ? published.length : 0);
    return { proof: readCoordinates(file), signals };
  });
  if ('valid' in parts) {
    throw new ZkonnxError('INPUT_FORMAT', 'the proof cannot be put into calldata', { got: parts.message });
  }
  const { proof, signals } = parts;
  const signature = new TextEncoder().encode(`verify(uint256[8],uint256[${signals.length}])`);
  const selector = Array.from(keccak_256(signature).subarray(0, 4), (byte) => byte.toString(16).padStart(2, '0'));
  const words = [...proof, ...signals].map((word) => word.toString(16).padStart(64, '0'));
  return { proof, signals, data: `0x${[...selector, ...words].join('')}` };
}
