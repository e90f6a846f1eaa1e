/**
 * BLAKE3's compression function (section 2.2 of its paper) on four lanes at once, in two forms with the same values: src/kernels/assembly/clear/blake3-compress.ts
 * has its seven rounds written out, so that the message schedule is a matter of offsets; the verifier's module, which is to be small, has one round in a
 * loop that moves the message.
 */

/** First eight words of the fractional parts of square roots of primes: SHA-256's initial value, BLAKE3's too. */
const IV = [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];
/** Where the words of a round come from in the round before. */
const PERMUTATION = [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8];
const ROUNDS = 7;

/** Columns, then diagonals, of the state's four rows. */
const MIXED: readonly (readonly [number, number, number, number])[] = [
  [0, 4, 8, 12],
  [1, 5, 9, 13],
  [2, 6, 10, 14],
  [3, 7, 11, 15],
  [0, 5, 10, 15],
  [1, 6, 11, 12],
  [2, 7, 8, 13],
  [3, 4, 9, 14],
];

const word = (base: string, i: number): string => `v128.load(${base}, ${16 * i})`;

/** One quarter of a round with message words x and y. */
function mix([a, b, c, d]: readonly [number, number, number, number], x: number, y: number): string[] {
  const half = (message: number, turnD: string, turnB: string): string[] => [
    `v${a} = i32x4.add(i32x4.add(v${a}, v${b}), ${word('m', message)});`,
    `v${d} = ${turnD}(v128.xor(v${d}, v${a}));`,
    `v${c} = i32x4.add(v${c}, v${d});`,
    `v${b} = ${turnB}(v128.xor(v${b}, v${c}));`,
  ];
  return [...half(x, 'turn16', 'turn12'), ...half(y, 'turn8', 'turn7')];
}

/** A round on message words in the order of `schedule`. */
const round = (schedule: readonly number[]): string[] =>
  MIXED.flatMap((quarter, i) => mix(quarter, schedule[2 * i]!, schedule[2 * i + 1]!));

const IN_ORDER = PERMUTATION.map((_, i) => i);

function rounds(): string[] {
  const out: string[] = [];
  let schedule = IN_ORDER;
  for (let i = 0; i < ROUNDS; i++) {
    out.push(...round(schedule));
    schedule = PERMUTATION.map((from) => schedule[from]!);
  }
  return out;
}

/** The rounds in a loop. The permutation is two cycles of eight words: after an eighth move the message is where it was. */
const LOOP = [
  `for (let round = 0; round < ${ROUNDS}; round++) {`,
  ...round(IN_ORDER).map((line) => `  ${line}`),
  '  moveMessage(m);',
  '}',
  'moveMessage(m);',
];

/** Each cycle of the permutation, in the order in which words are overwritten. */
function moves(): string[] {
  const moved = new Set<number>();
  return IN_ORDER.flatMap((first) => {
    if (moved.has(first)) return [];
    const lines = [`const first${first} = ${word('m', first)};`];
    let to = first;
    for (; PERMUTATION[to] !== first; to = PERMUTATION[to]!) {
      moved.add(to);
      lines.push(`v128.store(m, ${word('m', PERMUTATION[to]!)}, ${16 * to});`);
    }
    moved.add(to);
    return [...lines, `v128.store(m, first${first}, ${16 * to});`];
  });
}

const MOVE_MESSAGE = `
/** Message words of the next round in the places of this one's. */
function moveMessage(m: usize): void {
${moves()
  .map((line) => `  ${line}`)
  .join('\n')}
}
`;

const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** Seven rounds written out, or `short`: one in a loop. */
export function blake3Source(short = false): string {
  const body = [
    ...upTo(8).map((i) => `let v${i} = ${word('cv', i)};`),
    ...upTo(4).map((i) => `let v${8 + i} = i32x4.splat(${IV[i]! | 0});`),
    'let v12 = counter;',
    'let v13 = i32x4.splat(0);',
    'let v14 = i32x4.splat(bytes);',
    'let v15 = i32x4.splat(flags);',
    ...(short ? LOOP : rounds()),
    'if (whole) {',
    ...upTo(8).map((i) => `  v128.store(out, v128.xor(v${8 + i}, ${word('cv', i)}), ${16 * (8 + i)});`),
    '}',
    ...upTo(8).map((i) => `v128.store(out, v128.xor(v${i}, v${8 + i}), ${16 * i});`),
  ];
  return `// Written by scripts/kernel-blake3-source.ts. BLAKE3's compression function on four lanes.

@inline
function turn16(x: v128): v128 {
  return v128.shuffle<i8>(x, x, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
}

@inline
function turn12(x: v128): v128 {
  return v128.or(i32x4.shr_u(x, 12), i32x4.shl(x, 20));
}

@inline
function turn8(x: v128): v128 {
  return v128.shuffle<i8>(x, x, 1, 2, 3, 0, 5, 6, 7, 4, 9, 10, 11, 8, 13, 14, 15, 12);
}

@inline
function turn7(x: v128): v128 {
  return v128.or(i32x4.shr_u(x, 7), i32x4.shl(x, 25));
}
${short ? MOVE_MESSAGE : ''}
/**
 * Word i of lane l is in 32-bit lane l of the v128 number i, of the chaining value \`cv\` (8), the message \`m\` (16) and the result \`out\`: 8, or
 * with \`whole\` 16. Block counters are below 2^32, one a lane; block length and flags are those of all lanes. \`out\` may be \`cv\`, or a part of \`m\`.
 */
export function compress4(out: usize, cv: usize, m: usize, counter: v128, bytes: i32, flags: i32, whole: bool): void {
${body.map((line) => `  ${line}`).join('\n')}
}
`;
}
