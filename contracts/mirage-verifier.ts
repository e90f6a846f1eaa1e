/**
 * The Solidity verifier of protocol `mirage` (two-round Groth16), as a template. It checks what src/verify checks, in the same order,
 * and refuses for the same reasons. Public values come as packed bytes; the statement costs three scalar multiplications, whatever
 * its size.
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

/** `count` elements of `width` bytes, one after another in `values`; width in [1, 32], count ≥ 1. */
export interface ValueSegment {
  readonly width: number;
  readonly count: number;
}

export interface MirageContractFacts extends ContractNames {
  readonly alpha: PointG1;
  readonly beta: PointG2;
  readonly gamma: PointG2;
  readonly delta1: PointG2;
  readonly delta2: PointG2;
  /** Four: of one, X, Θ and D. */
  readonly ic: readonly PointG1[];
  /** How the packed public elements lie in `values`; at least one. */
  readonly segments: readonly ValueSegment[];
  /** The byte of `values` that says whether a value was clamped; undefined where the statement has none. */
  readonly clampedByte: number | undefined;
}

/** A, B, C1 and C2. */
const PROOF_WORDS = 10;
/** Words of the transcript before the packed elements: domain, key, count. */
const HEADER_WORDS = 3;
/** And after them: length of the context, context, C1.x, C1.y. */
const TRAILER_WORDS = 4;
/** An element as wide as a word may be r or more; a narrower one cannot. */
const WORD_BYTES = 32;

interface PlacedSegment extends ValueSegment {
  /** Index of its first element, among all. */
  readonly first: number;
  /** Where its bytes begin in `values`. */
  readonly start: number;
}

function place(segments: readonly ValueSegment[]): { placed: PlacedSegment[]; count: number; bytes: number } {
  let count = 0;
  let bytes = 0;
  const placed = segments.map((segment) => {
    const at = { ...segment, first: count, start: bytes };
    count += segment.count;
    bytes += segment.count * segment.width;
    return at;
  });
  return { placed, count, bytes };
}

/** The contract's source. Compiles with solc 0.8.37 without warnings; nothing to link, no import. */
export function mirageVerifierSource(facts: MirageContractFacts): string {
  const { placed, count, bytes } = place(facts.segments);
  const words = `uint256[${HEADER_WORDS + count + TRAILER_WORDS}] memory words`;
  const clamped = facts.clampedByte === undefined ? undefined : `uint8(values[${facts.clampedByte}])`;
  return `// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

/// @title Verifier of one zkonnx circuit: two-round Groth16 (protocol mirage) over BN254 (alt_bn128, EIP-196 and EIP-197)
/// @notice A proof that passes shows: the circuit with this key, on the public inputs among \`values\`, gives the public outputs
/// among them, and the proof was made for \`context\`. How values read as numbers stands in verification_key.json, which KEY_DIGEST
/// names.
${setupNotice(facts.setup)}
/// @dev Anybody can turn a proof into another one of the same statement and context: a proof is no nonce. Tell uses apart by
/// values and context, never by the proof.
contract ${facts.name} {
    /// \`values\` has not VALUES_LENGTH bytes.
    error PublicInputCount();
    /// \`context\` has more than 32 bytes.
    error ContextInvalid();
    /// An element of \`values\` is not below the order r of the groups. Nothing is reduced: s and s + r would be one statement with
    /// two names.
    error PublicInputNotInField(uint256 index);
    /// A coordinate of the proof is not below the characteristic q; \`coordinate\` is its place in \`proof\`.
    error PointNotCanonical(uint256 coordinate);
    /// A point of the proof is not on its curve, or is the point at infinity: 0 = A, 1 = B, 2 = C1, 3 = C2.
    error PointNotOnCurve(uint256 point);
${LAST_ERRORS}${clamped === undefined ? '' : CLAMPED_ERRORS}

    enum Verdict {
        Valid,
        PublicInputCount,
        ContextInvalid,
        PublicInputNotInField,
        PointNotCanonical,
        PointNotOnCurve,
        PointNotInSubgroup,
        PairingFailed${clamped === undefined ? '' : CLAMPED_VERDICT}
    }

${nameConstants(facts, count)}
    /// Bytes of \`values\`, which hold SIGNAL_COUNT elements.
    uint256 public constant VALUES_LENGTH = ${bytes};

    /// Separates the transcript's hash from all others.
    bytes32 private constant DOMAIN = "zkonnx mirage transcript v1";

${GROUP_CONSTANTS}
    /// EIP-1108: 45,000 and 34,000 a pair.
    uint256 private constant PAIRING_GAS = 215_000;

    // The key. Points of G2 in EIP-197's order, imaginary part first.
${pointConstants([
  ['ALPHA', facts.alpha],
  ['BETA', facts.beta],
  ['GAMMA', facts.gamma],
  ['DELTA1', facts.delta1],
  ['DELTA2', facts.delta2],
  ...facts.ic.map((point, i) => [IC_NAMES[i]!, point] as const),
])}

    /// @notice Returns true if the proof is valid, reverts with the reason otherwise: never false.
    /// @param proof A.x, A.y, B.x.c1, B.x.c0, B.y.c1, B.y.c0, C1.x, C1.y, C2.x, C2.y with B.x = c0 + c1·u: the imaginary part comes
    /// FIRST, the other way round than in proof.json.
    /// @param values The public elements, big-endian: outputs, then inputs.
    /// @param context What the proof was made for, at most 32 bytes: a caller, a nonce, a job. Empty if nothing in particular.
    function verify(uint256[${PROOF_WORDS}] calldata proof, bytes calldata values, bytes calldata context) ${clamped === undefined ? 'external' : 'public'} view returns (bool) {
        (Verdict verdict, uint256 index) = _check(proof, values, context);
        if (verdict == Verdict.Valid) return true;
        if (verdict == Verdict.PublicInputCount) revert PublicInputCount();
        if (verdict == Verdict.ContextInvalid) revert ContextInvalid();
        if (verdict == Verdict.PublicInputNotInField) revert PublicInputNotInField(index);
        if (verdict == Verdict.PointNotCanonical) revert PointNotCanonical(index);
        if (verdict == Verdict.PointNotOnCurve) revert PointNotOnCurve(index);
        if (verdict == Verdict.PointNotInSubgroup) revert PointNotInSubgroup();${clamped === undefined ? '' : CLAMPED_REVERT}
        revert PairingFailed();
    }
${clamped === undefined ? '' : clampedFunctions({ ...CLAMPED_PARTS, digit: clamped })}
    /// @notice Whether the proof is valid. Reverts only where no answer is known (InsufficientGas, PrecompileUnavailable).
    /// @dev A point outside the subgroup makes the pairing precompile burn all gas it was given. A caller that goes on after
    /// \`false\` bounds its loss by calling with a gas limit.
    function isValid(uint256[${PROOF_WORDS}] calldata proof, bytes calldata values, bytes calldata context) external view returns (bool) {
        (Verdict verdict, ) = _check(proof, values, context);
        return verdict == Verdict.Valid;
    }

    /// Length, range, curve, subgroup, equation, in this order; \`index\` says which element, coordinate or point.
    function _check(
        uint256[${PROOF_WORDS}] calldata proof,
        bytes calldata values,
        bytes calldata context
    ) private view returns (Verdict verdict, uint256 index) {
        if (values.length != VALUES_LENGTH) return (Verdict.PublicInputCount, 0);
        if (context.length > 32) return (Verdict.ContextInvalid, 0);
        ${words} = _transcript(proof, values, context);
${placed.map(rangeCheck).join('')}        // A loop would check the bounds of \`proof\` ten times, for 800 gas in all.
${Array.from({ length: PROOF_WORDS }, (_, i) => `        if (proof[${i}] >= Q) return (Verdict.PointNotCanonical, ${i});`).join('\n')}
        if (!_onCurve(proof[0], proof[1])) return (Verdict.PointNotOnCurve, 0);
        if (!_onTwist(proof[3], proof[2], proof[5], proof[4])) return (Verdict.PointNotOnCurve, 1);
        if (!_onCurve(proof[6], proof[7])) return (Verdict.PointNotOnCurve, 2);
        if (!_onCurve(proof[8], proof[9])) return (Verdict.PointNotOnCurve, 3);
${lastChecks('_equation(proof, _statement(words))', clamped)}
    }

    /// What the challenges are drawn from: domain, key, number of elements, elements, length of the context, context, C1.
    function _transcript(
        uint256[${PROOF_WORDS}] calldata proof,
        bytes calldata values,
        bytes calldata context
    ) private pure returns (${words}) {
        words[0] = uint256(DOMAIN);
        words[1] = uint256(KEY_DIGEST);
        words[2] = SIGNAL_COUNT;
${placed.map(readSegment).join('\n')}
        words[${HEADER_WORDS + count}] = context.length;
        // A shorter context is filled up with zeros, whatever follows it in calldata.
        words[${HEADER_WORDS + count + 1}] = uint256(bytes32(context));
        words[${HEADER_WORDS + count + 2}] = proof[6];
        words[${HEADER_WORDS + count + 3}] = proof[7];
    }

    /// Copies \`count\` elements of \`width\` bytes that begin at byte \`start\` of \`values\` to words[to …], big-endian.
    function _read(
        bytes calldata values,
        uint256 start,
        uint256 width,
        uint256 count,
        ${words},
        uint256 to
    ) private pure {
        // A slice for each element would check bounds that VALUES_LENGTH has settled, and every public byte would pay for it. The load
        // of the last element may reach past the end of \`values\`: those bytes are shifted out.
        assembly ("memory-safe") {
            let shift := sub(256, mul(8, width))
            let at := add(values.offset, start)
            let target := add(words, mul(32, to))
            for { let end := add(at, mul(width, count)) } lt(at, end) { at := add(at, width) target := add(target, 32) } {
                mstore(target, shr(shift, calldataload(at)))
            }
        }
    }

    /// L = IC_ONE + X·IC_X + Θ·IC_THETA + D·IC_D, in the first two words of the result.
    function _statement(${words}) private view returns (uint256[5] memory sum) {
        (uint256 x, uint256 theta, uint256 d) = _challenges(words);
        sum[0] = IC_ONE_X;
        sum[1] = IC_ONE_Y;
        _addTerm(sum, IC_X_X, IC_X_Y, x);
        _addTerm(sum, IC_THETA_X, IC_THETA_Y, theta);
        _addTerm(sum, IC_D_X, IC_D_Y, d);
    }

    /// The challenges X and Θ, and D = Σ P_j·Θ^j over the elements P_1, P_2, ….
    function _challenges(${words}) private pure returns (uint256 x, uint256 theta, uint256 d) {
        bytes32 seed;
        // abi.encodePacked would copy the words first.
        assembly ("memory-safe") {
            seed := keccak256(words, ${32 * (HEADER_WORDS + count + TRAILER_WORDS)})
        }
        x = uint256(keccak256(abi.encodePacked(seed, uint8(1)))) % R;
        theta = uint256(keccak256(abi.encodePacked(seed, uint8(2)))) % R;
        // Horner's rule from the last element down; d and an element are below R, so their sum does not wrap. In assembly because
        // every public byte pays for this loop: no bounds are checked.
        assembly ("memory-safe") {
            let first := add(words, ${32 * HEADER_WORDS})
            for { let at := add(first, ${32 * count}) } gt(at, first) {} {
                at := sub(at, 32)
                d := mulmod(add(d, mload(at)), theta, R)
            }
        }
    }

${CURVE_FUNCTIONS}

${ADD_TERM_FUNCTION}

${equationFunction(PROOF_WORDS, 'e(−A, B)·e(α, β)·e(L, γ)·e(C1, δ1)·e(C2, δ2)', EQUATION)}

${CALL_FUNCTION}
}
`;
}

const STATEMENT = `uint256[${PROOF_WORDS}] calldata proof, bytes calldata values, bytes calldata context`;

/** Of the functions about the clamped digit. */
const CLAMPED_PARTS = {
  parameter: 'bytes calldata values',
  guard: '        if (values.length != VALUES_LENGTH) revert PublicInputCount();\n',
  parameters: STATEMENT,
  names: 'proof, values, context',
  returns: ' returns (bool)',
  end: '\n        return true;',
} as const;

/** IC of one, of X, of Θ and of D. */
const IC_NAMES = ['IC_ONE', 'IC_X', 'IC_THETA', 'IC_D'];

const EQUATION = [
  { g1: g1Names('ALPHA'), g2: 'BETA' },
  { g1: ['sum[0]', 'sum[1]'], g2: 'GAMMA' },
  { g1: ['proof[6]', 'proof[7]'], g2: 'DELTA1' },
  { g1: ['proof[8]', 'proof[9]'], g2: 'DELTA2' },
] as const;

function readSegment({ start, width, count, first }: PlacedSegment): string {
  return `        _read(values, ${start}, ${width}, ${count}, words, ${HEADER_WORDS + first});`;
}

/** Elements narrower than a word are below 2^248 < r. */
function rangeCheck({ width, count, first }: PlacedSegment): string {
  if (width < WORD_BYTES) return '';
  const from = HEADER_WORDS + first;
  return `        for (uint256 i = ${from}; i < ${from + count}; i++) {
            if (words[i] >= R) return (Verdict.PublicInputNotInField, i - ${HEADER_WORDS});
        }
`;
}

/** The contract's ABI, as solc prints it. */
export function mirageVerifierAbi({ clampedByte }: Pick<MirageContractFacts, 'clampedByte'>): readonly object[] {
  const statement = [
    abiWord('proof', `uint256[${PROOF_WORDS}]`),
    abiWord('values', 'bytes'),
    abiWord('context', 'bytes'),
  ];
  const clamped = clampedByte === undefined ? undefined : abiWord('values', 'bytes');
  return contractAbi(
    ['ContextInvalid', 'PublicInputCount'],
    ['VALUES_LENGTH'],
    statement,
    [abiWord('', 'bool')],
    clamped,
  );
}
