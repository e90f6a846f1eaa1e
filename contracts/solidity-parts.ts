/** What the contracts of both protocols share: names, errors, constants of the key, the curve's equations, calls of precompiles. */

/** A G1 point [x, y]. */
export type PointG1 = readonly [bigint, bigint];
/** A G2 point in EIP-197's order, imaginary part first: [x.c1, x.c0, y.c1, y.c0]. */
export type PointG2 = readonly [bigint, bigint, bigint, bigint];

/** What a contract says of itself. */
export interface ContractNames {
  /** A Solidity identifier. */
  readonly name: string;
  readonly setup: 'development' | 'unknown';
  /** 64 hexadecimal digits each, no prefix. */
  readonly keyDigest: string;
  readonly modelHash: string;
  readonly circuitHash: string;
  readonly schemaDigest: string;
}

const SETUP_NOTES = {
  development: [
    'DEVELOPMENT KEY: whoever ran the setup of this key can forge a proof of any statement. Deploy it to test networks only.',
  ],
  unknown: ['KEY OF UNKNOWN ORIGIN: whoever knows the randomness of its setup can forge a proof of any statement.'],
} as const;

/** Doc lines: what the setup of the key is worth. */
export function setupNotice(setup: ContractNames['setup']): string {
  return SETUP_NOTES[setup].map((line) => `/// @notice ${line}`).join('\n');
}

/** Errors that name no part of the proof. */
export const LAST_ERRORS = `    /// B is on the twist, but not in the subgroup of order r.
    error PointNotInSubgroup();
    /// The proof is well formed and does not prove these signals under this key.
    error PairingFailed();
    /// Says nothing about the proof: call again with more gas.
    error InsufficientGas();
    /// Says nothing about the proof: this chain lacks the precompile.
    error PrecompileUnavailable(uint256 precompile);`;

/** Public constants; SIGNAL_COUNT is `count`. */
export function nameConstants(facts: ContractNames, count: number): string {
  return `    /// Of points and facts of the key; every proof.json carries it.
    bytes32 public constant KEY_DIGEST = 0x${facts.keyDigest};
    /// SHA-256 of the ONNX model.
    bytes32 public constant MODEL_HASH = 0x${facts.modelHash};
    /// SHA-256 of the circuit: its constraints, which wires are inputs and outputs, and the schema.
    bytes32 public constant CIRCUIT_HASH = 0x${facts.circuitHash};
    /// keccak256 of the I/O schema: what the public values mean.
    bytes32 public constant SCHEMA_DIGEST = 0x${facts.schemaDigest};
    /// How the key was made: "development" or "unknown".
    string public constant SETUP = "${facts.setup}";
    uint256 public constant SIGNAL_COUNT = ${count};`;
}

export const GROUP_CONSTANTS = `    /// Order of G1 and G2.
    uint256 private constant R = 21888242871839275222246405745257275088548364400416034343698204186575808495617;
    /// Characteristic of the coordinate field.
    uint256 private constant Q = 21888242871839275222246405745257275088696311157297823662689037894645226208583;

    uint256 private constant EC_ADD = 6;
    uint256 private constant EC_MUL = 7;
    uint256 private constant PAIRING = 8;`;

/** _onCurve, _onTwist; they need GROUP_CONSTANTS. */
export const CURVE_FUNCTIONS = `    /// y² = x³ + 3. The precompiles read (0, 0) as infinity; it does not satisfy the equation, so it is refused here.
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
    }`;

/** _addTerm; it needs CALL_FUNCTION. */
export const ADD_TERM_FUNCTION = `    /// sum[0..1] += scalar·(x, y); sum[2..4] is scratch. Point and scalar are valid, so that the calls can fail for gas only.
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
    }`;

/** One factor e(x, y) of the equation: Solidity expressions of the coordinates of x, and the name of a G2 point of the key. */
export interface PairTerm {
  readonly g1: readonly [string, string];
  readonly g2: string;
}

/**
 * _equation, which compares e(−A, B) · Π e(term) with one; A = proof[0..1], B = proof[2..5], `proofWords` the length of `proof`.
 * `sum` is what `terms` may use beside `proof` and the key. Needs CALL_FUNCTION and PAIRING_GAS.
 */
export function equationFunction(proofWords: number, formula: string, terms: readonly PairTerm[]): string {
  const words = terms.flatMap(({ g1, g2 }) => [...g1, ...g2Names(g2)]);
  const count = 6 + words.length;
  return `    /// ${formula} = 1
    function _equation(uint256[${proofWords}] calldata proof, uint256[5] memory sum) private view returns (Verdict) {
        uint256[${count}] memory pairs = [
            proof[0],
            // No point of G1 has y = 0 (its order is odd), so this is below Q.
            Q - proof[1],
            proof[2],
            proof[3],
            proof[4],
            proof[5],
${words.map((word) => `            ${word}`).join(',\n')}
        ];
        uint256 start;
        assembly ("memory-safe") {
            start := pairs
        }
        uint256 gasBefore = gasleft();
        if (!_call(PAIRING, start, 0x${(32 * count).toString(16)}, 0x20)) {
            // Only the order of B is unchecked up to here: given its price, the precompile fails for nothing else. It gets 63/64.
            if (gasBefore - gasBefore / 64 < PAIRING_GAS + 1_000) revert InsufficientGas();
            return Verdict.PointNotInSubgroup;
        }
        return pairs[0] == 1 ? Verdict.Valid : Verdict.PairingFailed;
    }`;
}

export const CALL_FUNCTION = `    /// Calls a precompile with all gas; its result overwrites its input. False if it failed. A chain without it answers a call with
    /// success and nothing: that is no result.
    function _call(uint256 precompile, uint256 start, uint256 inputBytes, uint256 outputBytes) private view returns (bool ok) {
        uint256 answered;
        // Solidity has no typed call of these precompiles, and abi.encode would copy the input and allocate the output.
        assembly ("memory-safe") {
            ok := staticcall(gas(), precompile, start, inputBytes, start, outputBytes)
            answered := returndatasize()
        }
        if (ok && answered != outputBytes) revert PrecompileUnavailable(precompile);
    }`;

/** Where the statement's digit stands that says whether a value was clamped, and how the contract's functions take the statement. */
export interface ClampedParts {
  /** Type and name of the argument that holds the digit: a parameter's declaration. */
  readonly parameter: string;
  /** Solidity statements of `clamped` before the digit is read; may be empty. */
  readonly guard: string;
  /** Expression of the digit. */
  readonly digit: string;
  /** Declaration of the parameters of `verify`, and their names. */
  readonly parameters: string;
  readonly names: string;
  /** ` returns (bool)`, or nothing, and what `verifyUnclamped` ends with. */
  readonly returns: string;
  readonly end: string;
}

/** Errors of a contract whose statements say whether a value was clamped. */
export const CLAMPED_ERRORS = `
    /// The digit that says whether a value was clamped is neither 0 nor 1.
    error PackingInvalid();
    /// The proof is valid, and says that a value left its calibrated range and was clamped: outputs may be off by more than stated.
    error Clamped();`;

/** A verdict more, and how `verify` reverts with it. */
export const CLAMPED_VERDICT = `,
        PackingInvalid`;
export const CLAMPED_REVERT = `
        if (verdict == Verdict.PackingInvalid) revert PackingInvalid();`;

/** The last lines of `_check`: the verdict is that of `equation`; where the statement says whether a value was clamped, by `digit`, that is 0 or 1. */
export function lastChecks(equation: string, digit: string | undefined): string {
  if (digit === undefined) return `        return (${equation}, 0);`;
  return `        verdict = ${equation};
        // No such proof is of a circuit of ours; the other verifier refuses it in the same words.
        if (verdict == Verdict.Valid && ${digit} > 1) verdict = Verdict.PackingInvalid;`;
}

/** `clamped` and `verifyUnclamped`; of a contract with CLAMPED_ERRORS. */
export function clampedFunctions(parts: ClampedParts): string {
  return `
    /// @notice As \`verify\`, and reverts with Clamped where a value left its calibrated range: the outputs are within the stated error.
    function verifyUnclamped(${parts.parameters}) external view${parts.returns} {
        verify(${parts.names});
        if (${parts.digit} != 0) revert Clamped();${parts.end}
    }

    /// @notice Whether these public values say that a value left its calibrated range and was clamped. They say so of a proof that
    /// \`verify\` takes with them, and nothing by themselves.
    function clamped(${parts.parameter}) external pure returns (bool) {
${parts.guard}        uint256 digit = ${parts.digit};
        if (digit > 1) revert PackingInvalid();
        return digit == 1;
    }
`;
}

/** Constants NAME_X, NAME_Y or NAME_X1, NAME_X0, NAME_Y1, NAME_Y0 of each point, in the order given. */
export function pointConstants(points: readonly (readonly [name: string, point: PointG1 | PointG2])[]): string {
  return points
    .flatMap(([name, point]) => {
      const names = point.length === 2 ? g1Names(name) : g2Names(name);
      return names.map((word, i) => `    uint256 private constant ${word} = ${point[i]!};`);
    })
    .join('\n');
}

export function g1Names(name: string): [string, string] {
  return [`${name}_X`, `${name}_Y`];
}

function g2Names(name: string): string[] {
  return ['X1', 'X0', 'Y1', 'Y0'].map((coordinate) => `${name}_${coordinate}`);
}

interface AbiWord {
  readonly internalType: string;
  readonly name: string;
  readonly type: string;
}

export function abiWord(name: string, type = 'uint256'): AbiWord {
  return { internalType: type, name, type };
}

function abiFunction(
  name: string,
  inputs: readonly AbiWord[],
  outputs: readonly AbiWord[],
  stateMutability: 'view' | 'pure' = 'view',
): object {
  return { inputs, name, outputs, stateMutability, type: 'function' };
}

/**
 * An ABI as solc prints it, errors then functions by name. `errors` are those beside the ones both contracts have; `constants` are
 * uint256 beside the names; `verify` and `isValid` take `statement`, `verify` returns `answer`. `clamped`: the argument that holds the statement's digit
 * for it, where it has one.
 */
export function contractAbi(
  errors: readonly string[],
  constants: readonly string[],
  statement: readonly AbiWord[],
  answer: readonly AbiWord[],
  clamped?: AbiWord,
): readonly object[] {
  const fields: Readonly<Record<string, string>> = {
    PointNotCanonical: 'coordinate',
    PointNotOnCurve: 'point',
    PrecompileUnavailable: 'precompile',
    PublicInputNotInField: 'index',
  };
  const common = ['InsufficientGas', 'PairingFailed', 'PointNotInSubgroup', ...Object.keys(fields)];
  const bytes32 = ['CIRCUIT_HASH', 'KEY_DIGEST', 'MODEL_HASH', 'SCHEMA_DIGEST'];
  const getters = [
    ...bytes32.map((name) => [name, 'bytes32'] as const),
    ['SETUP', 'string'] as const,
    ...['SIGNAL_COUNT', ...constants].map((name) => [name, 'uint256'] as const),
  ];
  const clampedErrors = clamped === undefined ? [] : ['Clamped', 'PackingInvalid'];
  return [
    ...[...common, ...errors, ...clampedErrors].toSorted().map((name) => {
      const field = fields[name];
      return { inputs: field === undefined ? [] : [abiWord(field)], name, type: 'error' };
    }),
    ...getters
      .toSorted(([left], [right]) => (left < right ? -1 : 1))
      .map(([name, type]) => abiFunction(name, [], [abiWord('', type)])),
    ...(clamped === undefined ? [] : [abiFunction('clamped', [clamped], [abiWord('', 'bool')], 'pure')]),
    abiFunction('isValid', statement, [abiWord('', 'bool')]),
    abiFunction('verify', statement, answer),
    ...(clamped === undefined ? [] : [abiFunction('verifyUnclamped', statement, answer)]),
  ];
}
