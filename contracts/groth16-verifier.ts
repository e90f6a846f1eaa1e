/**
 * The Solidity verifier, as a template. It checks what src/verify checks, in the same order, and refuses for the same reasons.
 * A template in TypeScript rather than a .sol file, so that the compiler carries it into the package.
 */

import {
  ADD_TERM_FUNCTION,
  CALL_FUNCTION,
  CURVE_FUNCTIONS,
  GROUP_CONSTANTS,
  CLAMPED_ERRORS,
  CLAMPED_REVERT,
  CLAMPED_VERDICT,
  LAST_ERRORS,
  abiWord,
  clampedFunctions,
  contractAbi,
  equationFunction,
  g1Names,
  lastChecks,
  nameConstants,
  pointConstants,
  setupNotice,
} from './solidity-parts.js';
import type { ContractNames, PointG1, PointG2 } from './solidity-parts.js';

export interface ContractFacts extends ContractNames {
  readonly alpha: PointG1;
  readonly beta: PointG2;
  readonly gamma: PointG2;
  readonly delta: PointG2;
  /** One more than there are public signals, of which there is at least one. */
  readonly ic: readonly PointG1[];
  /** The signal that says whether a value was clamped; undefined where the statement has none. */
  readonly clampedSignal: number | undefined;
}

/** The contract's source. Compiles with solc 0.8.37 without warnings; nothing to link, no import. */
export function groth16VerifierSource(facts: ContractFacts): string {
  const count = facts.ic.length - 1;
  const signalsType = `uint256[${count}] calldata signals`;
  const statement = `uint256[8] calldata proof, ${signalsType}`;
  const clamped = facts.clampedSignal === undefined ? undefined : `signals[${facts.clampedSignal}]`;
  return `// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

/// @title Verifier of one zkonnx circuit: Groth16 over BN254 (alt_bn128, EIP-196 and EIP-197)
/// @notice A proof that passes shows: the circuit with this key, on the public inputs among \`signals\`, gives the public outputs
/// among them. How signals read as numbers stands in verification_key.json, which KEY_DIGEST names.
${setupNotice(facts.setup)}
/// @dev Groth16 proofs can be re-randomised by anybody: a proof is no nonce. Tell uses apart by the signals, never by the proof.
contract ${facts.name} {
    /// A signal is not below the order r of the groups. Nothing is reduced: s and s + r would be one statement with two names.
    error PublicInputNotInField(uint256 index);
    /// A coordinate of the proof is not below the characteristic q; \`coordinate\` is its place in \`proof\`.
    error PointNotCanonical(uint256 coordinate);
    /// A point of the proof is not on its curve, or is the point at infinity: 0 = A, 1 = B, 2 = C.
    error PointNotOnCurve(uint256 point);
${LAST_ERRORS}${clamped === undefined ? '' : CLAMPED_ERRORS}

    enum Verdict {
        Valid,
        PublicInputNotInField,
        PointNotCanonical,
        PointNotOnCurve,
        PointNotInSubgroup,
        PairingFailed${clamped === undefined ? '' : CLAMPED_VERDICT}
    }

${nameConstants(facts, count)}

${GROUP_CONSTANTS}
    /// EIP-1108: 45,000 and 34,000 a pair.
    uint256 private constant PAIRING_GAS = 181_000;

    // The key. Points of G2 in EIP-197's order, imaginary part first.
${pointConstants([
  ['ALPHA', facts.alpha],
  ['BETA', facts.beta],
  ['GAMMA', facts.gamma],
  ['DELTA', facts.delta],
  ...facts.ic.map((point, i) => [`IC${i}`, point] as const),
])}

    /// @notice Returns if the proof is valid, reverts with the reason otherwise.
    /// @param proof A.x, A.y, B.x.c1, B.x.c0, B.y.c1, B.y.c0, C.x, C.y with B.x = c0 + c1·u: the imaginary part comes FIRST, the
    /// other way round than in proof.json.
    /// @param signals The public signals in the order of proof.json.
    function verify(${statement}) ${clamped === undefined ? 'external' : 'public'} view {
        (Verdict verdict, uint256 index) = _check(proof, signals);
        if (verdict == Verdict.Valid) return;
        if (verdict == Verdict.PublicInputNotInField) revert PublicInputNotInField(index);
        if (verdict == Verdict.PointNotCanonical) revert PointNotCanonical(index);
        if (verdict == Verdict.PointNotOnCurve) revert PointNotOnCurve(index);
        if (verdict == Verdict.PointNotInSubgroup) revert PointNotInSubgroup();${clamped === undefined ? '' : CLAMPED_REVERT}
        revert PairingFailed();
    }
${clamped === undefined ? '' : clampedFunctions({ ...CLAMPED_PARTS, parameter: signalsType, parameters: statement, digit: clamped })}
    /// @notice Whether the proof is valid. Reverts only where no answer is known (InsufficientGas, PrecompileUnavailable).
    /// @dev A point outside the subgroup makes the pairing precompile burn all gas it was given. A caller that goes on after
    /// \`false\` bounds its loss by calling with a gas limit.
    function isValid(${statement}) external view returns (bool) {
        (Verdict verdict, ) = _check(proof, signals);
        return verdict == Verdict.Valid;
    }

    /// Range, curve, subgroup, equation, in this order; \`index\` says which signal, coordinate or point. (The count is the type's.)
    function _check(
        uint256[8] calldata proof,
        ${signalsType}
    ) private view returns (Verdict verdict, uint256 index) {
        for (uint256 i = 0; i < signals.length; i++) {
            if (signals[i] >= R) return (Verdict.PublicInputNotInField, i);
        }
        for (uint256 i = 0; i < proof.length; i++) {
            if (proof[i] >= Q) return (Verdict.PointNotCanonical, i);
        }
        if (!_onCurve(proof[0], proof[1])) return (Verdict.PointNotOnCurve, 0);
        if (!_onTwist(proof[3], proof[2], proof[5], proof[4])) return (Verdict.PointNotOnCurve, 1);
        if (!_onCurve(proof[6], proof[7])) return (Verdict.PointNotOnCurve, 2);
${lastChecks('_equation(proof, _statement(signals))', clamped)}
    }

${CURVE_FUNCTIONS}

    /// L = IC0 + Σ signals[i]·IC(i+1), in the first two words of the result.
    function _statement(${signalsType}) private view returns (uint256[5] memory sum) {
        sum[0] = IC0_X;
        sum[1] = IC0_Y;
${Array.from({ length: count }, (_, i) => `        _addTerm(sum, IC${i + 1}_X, IC${i + 1}_Y, signals[${i}]);`).join('\n')}
    }

${ADD_TERM_FUNCTION}

${equationFunction(8, 'e(−A, B)·e(α, β)·e(L, γ)·e(C, δ)', EQUATION)}

${CALL_FUNCTION}
}
`;
}

/** Of the functions about the clamped signal. */
const CLAMPED_PARTS = { guard: '', names: 'proof, signals', returns: '', end: '' } as const;

const EQUATION = [
  { g1: g1Names('ALPHA'), g2: 'BETA' },
  { g1: ['sum[0]', 'sum[1]'], g2: 'GAMMA' },
  { g1: ['proof[6]', 'proof[7]'], g2: 'DELTA' },
] as const;

/** The contract's ABI, as solc prints it; `count` public signals. */
export function groth16VerifierAbi(
  count: number,
  { clampedSignal }: Pick<ContractFacts, 'clampedSignal'>,
): readonly object[] {
  const signals = abiWord('signals', `uint256[${count}]`);
  const clamped = clampedSignal === undefined ? undefined : signals;
  return contractAbi([], [], [abiWord('proof', 'uint256[8]'), signals], [], clamped);
}
