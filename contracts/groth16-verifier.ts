/**
 * The Solidity verifier, as a template. It checks what src/verify checks, in the same order, and refuses for the same reasons.
 * A template in TypeScript rather than a .sol file, so that the compiler carries it into the package.
 */

/** A G1 point [x, y]. */
export type PointG1 = readonly [bigint, bigint];
/** A G2 point in EIP-197's order, imaginary part first: [x.c1, x.c0, y.c1, y.c0]. */
export type PointG2 = readonly [bigint, bigint, bigint, bigint];

export interface ContractFacts {
  /** A Solidity identifier. */
  readonly name: string;
  readonly setup: 'development' | 'ceremony' | 'unknown';
  /** 64 hexadecimal digits each, no prefix. */
  readonly keyDigest: string;
  readonly modelHash: string;
  readonly circuitHash: string;
  readonly alpha: PointG1;
  readonly beta: PointG2;
  readonly gamma: PointG2;
  readonly delta: PointG2;
  /** One more than there are public signals, of which there is at least one. */
  readonly ic: readonly PointG1[];
}

const SETUP_NOTES = {
  development: [
    'DEVELOPMENT KEY: whoever ran the setup of this key can forge a proof of any statement. Deploy it to test networks only.',
  ],
  unknown: ['KEY OF UNKNOWN ORIGIN: whoever knows the randomness of its setup can forge a proof of any statement.'],
  ceremony: ['Sound as long as one contributor to the ceremony of this key destroyed their randomness.'],
} as const;

/** The contract's source. Compiles with solc 0.8.37 without warnings; nothing to link, no import. */
export function groth16VerifierSource(facts: ContractFacts): string {
  const count = facts.ic.length - 1;
  const signalsType = `uint256[${count}] calldata signals`;
  return `// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

/// @title Verifier of one zkonnx circuit: Groth16 over BN254 (alt_bn128, EIP-196 and EIP-197)
/// @notice A proof that passes shows: the circuit with this key, on the public inputs among \`signals\`, gives the public outputs
/// among them. How signals read as numbers stands in verification_key.json, which KEY_DIGEST names.
${SETUP_NOTES[facts.setup].map((line) => `/// @notice ${line}`).join('\n')}
/// @dev Groth16 proofs can be re-randomised by anybody: a proof is no nonce. Tell uses apart by the signals, never by the proof.
contract ${facts.name} {
    /// A signal is not below the order r of the groups. Nothing is reduced: s and s + r would be one statement with two names.
    error PublicInputNotInField(uint256 index);
    /// A coordinate of the proof is not below the characteristic q; \`coordinate\` is its place in \`proof\`.
    error PointNotCanonical(uint256 coordinate);
    /// A point of the proof is not on its curve, or is the point at infinity: 0 = A, 1 = B, 2 = C.
    error PointNotOnCurve(uint256 point);
    /// B is on the twist, but not in the subgroup of order r.
    error PointNotInSubgroup();
    /// The proof is well formed and does not prove these signals under this key.
    error PairingFailed();
    /// Says nothing about the proof: call again with more gas.
    error InsufficientGas();
    /// Says nothing about the proof: this chain lacks the precompile.
    error PrecompileUnavailable(uint256 precompile);

    enum Verdict {
        Valid,
        PublicInputNotInField,
        PointNotCanonical,
        PointNotOnCurve,
        PointNotInSubgroup,
        PairingFailed
    }

    /// keccak256 of key and I/O schema; every proof.json carries it.
    bytes32 public constant KEY_DIGEST = 0x${facts.keyDigest};
    /// SHA-256 of the ONNX model.
    bytes32 public constant MODEL_HASH = 0x${facts.modelHash};
    /// SHA-256 of the circuit.
    bytes32 public constant CIRCUIT_HASH = 0x${facts.circuitHash};
    /// How the key was made: "development", "ceremony" or "unknown".
    string public constant SETUP = "${facts.setup}";
    uint256 public constant SIGNAL_COUNT = ${count};

    /// Order of G1 and G2.
    uint256 private constant R = 21888242871839275222246405745257275088548364400416034343698204186575808495617;
    /// Characteristic of the coordinate field.
    uint256 private constant Q = 21888242871839275222246405745257275088696311157297823662689037894645226208583;

    uint256 private constant EC_ADD = 6;
    uint256 private constant EC_MUL = 7;
    uint256 private constant PAIRING = 8;
    /// EIP-1108: 45,000 and 34,000 a pair.
    uint256 private constant PAIRING_GAS = 181_000;

    // The key. Points of G2 in EIP-197's order, imaginary part first.
${constants(facts)}

    /// @notice Returns if the proof is valid, reverts with the reason otherwise.
    /// @param proof A.x, A.y, B.x.c1, B.x.c0, B.y.c1, B.y.c0, C.x, C.y with B.x = c0 + c1·u: the imaginary part comes FIRST, the
    /// other way round than in proof.json.
    /// @param signals The public signals in the order of proof.json.
    function verify(uint256[8] calldata proof, ${signalsType}) external view {
        (Verdict verdict, uint256 index) = _check(proof, signals);
        if (verdict == Verdict.Valid) return;
        if (verdict == Verdict.PublicInputNotInField) revert PublicInputNotInField(index);
        if (verdict == Verdict.PointNotCanonical) revert PointNotCanonical(index);
        if (verdict == Verdict.PointNotOnCurve) revert PointNotOnCurve(index);
        if (verdict == Verdict.PointNotInSubgroup) revert PointNotInSubgroup();
        revert PairingFailed();
    }

    /// @notice Whether the proof is valid. Reverts only where no answer is known (InsufficientGas, PrecompileUnavailable).
    /// @dev A point outside the subgroup makes the pairing precompile burn all gas it was given. A caller that goes on after
    /// \`false\` bounds its loss by calling with a gas limit.
    function isValid(uint256[8] calldata proof, ${signalsType}) external view returns (bool) {
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
        return (_equation(proof, _statement(signals)), 0);
    }

    /// y² = x³ + 3. The precompiles read (0, 0) as infinity; it does not satisfy the equation, so it is refused here.
    function _onCurve(uint256 x, uint256 y) private pure returns (bool) {
        return mulmod(y, y, Q) == addmod(mulmod(mulmod(x, x, Q), x, Q), 3, Q);
    }

    /// y² = x³ + 3/(9 + u) over F_q[u]/(u² + 1), written (9 + u)·(y² − x³) = 3 to spare a division.
    function _onTwist(uint256 x0, uint256 x1, uint256 y0, uint256 y1) private pure returns (bool) {
        (uint256 s0, uint256 s1) = _mul2(x0, x1, x0, x1);
        (uint256 c0, uint256 c1) = _mul2(s0, s1, x0, x1);
        (uint256 d0, uint256 d1) = _mul2(y0, y1, y0, y1);
        d0 = addmod(d0, Q - c0, Q);
        d1 = addmod(d1, Q - c1, Q);
        return addmod(mulmod(9, d0, Q), Q - d1, Q) == 3 && addmod(mulmod(9, d1, Q), d0, Q) == 0;
    }

    /// (a0 + a1·u)·(b0 + b1·u), canonical.
    function _mul2(uint256 a0, uint256 a1, uint256 b0, uint256 b1) private pure returns (uint256, uint256) {
        return (
            addmod(mulmod(a0, b0, Q), Q - mulmod(a1, b1, Q), Q),
            addmod(mulmod(a0, b1, Q), mulmod(a1, b0, Q), Q)
        );
    }

    /// L = IC0 + Σ signals[i]·IC(i+1), in the first two words of the result.
    function _statement(${signalsType}) private view returns (uint256[5] memory sum) {
        sum[0] = IC0_X;
        sum[1] = IC0_Y;
${Array.from({ length: count }, (_, i) => `        _addTerm(sum, IC${i + 1}_X, IC${i + 1}_Y, signals[${i}]);`).join('\n')}
    }

    /// sum[0..1] += scalar·(x, y); sum[2..4] is scratch. Point and scalar are valid, so that the calls can fail for gas only.
    function _addTerm(uint256[5] memory sum, uint256 x, uint256 y, uint256 scalar) private view {
        if (scalar == 0) return;
        sum[2] = x;
        sum[3] = y;
        sum[4] = scalar;
        uint256 start;
        // The address of a memory array is not to be had in Solidity; the products land where the next call reads them.
        assembly ("memory-safe") {
            start := sum
        }
        if (!_call(EC_MUL, start + 0x40, 0x60, 0x40)) revert InsufficientGas();
        if (!_call(EC_ADD, start, 0x80, 0x40)) revert InsufficientGas();
    }

    /// e(−A, B)·e(α, β)·e(L, γ)·e(C, δ) = 1
    function _equation(uint256[8] calldata proof, uint256[5] memory sum) private view returns (Verdict) {
        uint256[24] memory pairs = [
            proof[0],
            // No point of G1 has y = 0 (its order is odd), so this is below Q.
            Q - proof[1],
            proof[2],
            proof[3],
            proof[4],
            proof[5],
            ALPHA_X,
            ALPHA_Y,
${g2Words('BETA')}
            sum[0],
            sum[1],
${g2Words('GAMMA')}
            proof[6],
            proof[7],
${g2Words('DELTA').replace(/,$/, '')}
        ];
        uint256 start;
        assembly ("memory-safe") {
            start := pairs
        }
        uint256 gasBefore = gasleft();
        if (!_call(PAIRING, start, 0x300, 0x20)) {
            // Only the order of B is unchecked up to here: given its price, the precompile fails for nothing else. It gets 63/64.
            if (gasBefore - gasBefore / 64 < PAIRING_GAS + 1_000) revert InsufficientGas();
            return Verdict.PointNotInSubgroup;
        }
        return pairs[0] == 1 ? Verdict.Valid : Verdict.PairingFailed;
    }

    /// Calls a precompile with all gas; its result overwrites its input. False if it failed. A chain without it answers a call with
    /// success and nothing: that is no result.
    function _call(uint256 precompile, uint256 start, uint256 inputBytes, uint256 outputBytes) private view returns (bool ok) {
        uint256 answered;
        // Solidity has no typed call of these precompiles, and abi.encode would copy the input and allocate the output.
        assembly ("memory-safe") {
            ok := staticcall(gas(), precompile, start, inputBytes, start, outputBytes)
            answered := returndatasize()
        }
        if (ok && answered != outputBytes) revert PrecompileUnavailable(precompile);
    }
}
`;
}

function constants(facts: ContractFacts): string {
  const g1 = (name: string, point: PointG1) => [`${name}_X = ${point[0]}`, `${name}_Y = ${point[1]}`];
  const g2 = (name: string, point: PointG2) => g2Names(name).map((word, i) => `${word} = ${point[i]}`);
  return [
    ...g1('ALPHA', facts.alpha),
    ...g2('BETA', facts.beta),
    ...g2('GAMMA', facts.gamma),
    ...g2('DELTA', facts.delta),
    ...facts.ic.flatMap((point, i) => g1(`IC${i}`, point)),
  ]
    .map((definition) => `    uint256 private constant ${definition};`)
    .join('\n');
}

function g2Names(name: string): string[] {
  return ['X1', 'X0', 'Y1', 'Y0'].map((coordinate) => `${name}_${coordinate}`);
}

function g2Words(name: string): string {
  return g2Names(name)
    .map((word) => `            ${word},`)
    .join('\n');
}

/** The contract's ABI, as solc prints it; `count` public signals. */
export function groth16VerifierAbi(count: number): readonly object[] {
  const word = (name: string, type = 'uint256') => ({ internalType: type, name, type });
  const error = (name: string, ...fields: string[]) => ({
    inputs: fields.map((field) => word(field)),
    name,
    type: 'error',
  });
  const view = (name: string, inputs: object[], outputs: object[]) => ({
    inputs,
    name,
    outputs,
    stateMutability: 'view',
    type: 'function',
  });
  const statement = [word('proof', 'uint256[8]'), word('signals', `uint256[${count}]`)];
  return [
    error('InsufficientGas'),
    error('PairingFailed'),
    error('PointNotCanonical', 'coordinate'),
    error('PointNotInSubgroup'),
    error('PointNotOnCurve', 'point'),
    error('PrecompileUnavailable', 'precompile'),
    error('PublicInputNotInField', 'index'),
    view('CIRCUIT_HASH', [], [word('', 'bytes32')]),
    view('KEY_DIGEST', [], [word('', 'bytes32')]),
    view('MODEL_HASH', [], [word('', 'bytes32')]),
    view('SETUP', [], [word('', 'string')]),
    view('SIGNAL_COUNT', [], [word('')]),
    view('isValid', statement, [word('', 'bool')]),
    view('verify', statement, []),
  ];
}
