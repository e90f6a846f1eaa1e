/** Every part of an opening changed by itself, bytes and residues of another encoding, siblings and leaves too many or too few. */
import { describe, expect, it } from 'vitest';
import { ORDER, type Ext } from '../../../src/field/goldilocks.js';
import { proveOpening } from '../../../src/prove/clear/reference/opening.js';
import { openTree, treeOf } from '../../../src/prove/clear/reference/tree.js';
import { arithmeticOf } from '../../../src/verify/clear/arithmetic-choice.js';
import { ProverChannel, VerifierChannel, type Exchange } from '../../../src/verify/clear/channel.js';
import { leafHash, nodeHash, readRows, siblingsOf } from '../../../src/verify/clear/merkle.js';
import { Refusal } from '../../../src/verify/refusal.js';
import { committed, Draws, proved, SHAPES, STATEMENT, verdictOn, type Committed } from './opening-support.js';

interface Part {
  readonly name: string;
  readonly length: number;
}

/** Notes what each part of the proof is. */
class NotingProver extends ProverChannel {
  readonly noted: Part[] = [];
  override exchange(label: string, values: readonly Ext[], draws: number): Exchange {
    this.noted.push({ name: label, length: 16 * values.length });
    return super.exchange(label, values, draws);
  }
  override commitment(label: string, root: Uint8Array): void {
    this.noted.push({ name: label, length: 32 });
    super.commitment(label, root);
  }
  override append(bytes: Uint8Array): void {
    this.noted.push({ name: bytes.length === 32 ? 'sibling or leaf' : 'leaf', length: bytes.length });
    super.append(bytes);
  }
  protected override nonce(label: string, bits: number): Uint8Array {
    this.noted.push({ name: `${label} nonce`, length: 8 });
    return super.nonce(label, bits);
  }
}

function partsOf({ matrices, claims, shape }: Committed): { proof: Uint8Array; parts: Part[] } {
  const channel = new NotingProver(STATEMENT);
  proveOpening(channel, matrices, claims, shape.parameters);
  return { proof: channel.bytes(), parts: channel.noted };
}

/** Word i of 8 bytes plus one, or with its lowest bit changed where that is no residue. */
function withWordChanged(proof: Uint8Array, offset: number): Uint8Array {
  const changed = proof.slice();
  const view = new DataView(changed.buffer);
  const word = view.getBigUint64(offset, true);
  view.setBigUint64(offset, word + 1n < ORDER ? word + 1n : word ^ 1n, true);
  return changed;
}

describe.each(['one tree, one fold', 'two trees, folds of 2, 2 and 1'])('%s', (name) => {
  const setting = committed(SHAPES[name]!, `mutations of ${name}`);
  const { proof, parts } = partsOf(setting);

  it('each word of 8 bytes, in order: messages, roots, nonces, salts, rows, siblings', () => {
    expect(parts.reduce((sum, { length }) => sum + length, 0)).toBe(proof.length);
    let offset = 0;
    let tried = 0;
    const accepted: string[] = [];
    for (const part of parts) {
      expect(part.length % 8).toBe(0);
      for (let at = 0; at < part.length; at += 8) {
        // Long rows are sampled: their first words (salts among them), then each 19th.
        if (at >= 32 && part.name !== 'opening values' && (at / 8) % 19 !== 0) continue;
        tried++;
        if (verdictOn(setting, withWordChanged(proof, offset + at)) === 'accepted') accepted.push(part.name);
      }
      offset += part.length;
    }
    expect(accepted).toEqual([]);
    expect(tried).toBeGreaterThan(150);
  });

  it('a proof cut short, with bytes more, or with a part twice', () => {
    const draws = new Draws(name);
    for (const length of [0, 1, 15, proof.length - 1, draws.below(proof.length)]) {
      expect(verdictOn(setting, proof.slice(0, length))).toBe('PROOF_MALFORMED');
    }
    expect(verdictOn(setting, Uint8Array.of(...proof, 0))).toBe('PROOF_MALFORMED');
    let offset = 0;
    for (const [i, { length }] of parts.entries()) {
      const end = offset + length;
      const skipped = i > 12 && i % 3 !== 0;
      const twice = Uint8Array.of(...proof.slice(0, end), ...proof.slice(offset));
      const without = Uint8Array.of(...proof.slice(0, offset), ...proof.slice(end));
      if (!skipped) expect(verdictOn(setting, twice)).not.toBe('accepted');
      if (!skipped) expect(verdictOn(setting, without)).not.toBe('accepted');
      offset = end;
    }
  });

  it('another statement, root or order of claims', () => {
    const other = committed(SHAPES[name]!, 'another');
    expect(verdictOn({ ...setting, matrices: other.matrices }, proof)).not.toBe('accepted');
    expect(verdictOn(setting, proof, [...setting.claims].reverse())).not.toBe('accepted');
    expect(verdictOn(setting, proof, setting.claims.slice(1))).not.toBe('accepted');
    const channel = new VerifierChannel({ ...STATEMENT, context: Uint8Array.of(1) }, proof);
    expect(() => channel.indices('opening queries 0', 4, 6, 20)).toThrow(Refusal);
  });
});

it('what a seeded proof is does not change from run to run', () => {
  const name = 'one tree, one fold';
  expect(proved(committed(SHAPES[name]!, 'same'))).toEqual(proved(committed(SHAPES[name]!, 'same')));
});

describe('trees', () => {
  const draws = new Draws('trees');
  const log = 4;
  const rows = Array.from({ length: 16 }, () => [draws.element(), draws.element(), draws.element()]);
  const salts = Array.from({ length: 16 }, () => draws.bytes(16));
  const tree = treeOf('cells', rows, (index) => salts[index]!);
  const shape = { kind: 'cells', log, width: 3 } as const;
  const opened = (indices: readonly number[]): Uint8Array => {
    const channel = new ProverChannel(STATEMENT);
    openTree(channel, tree, indices);
    return channel.bytes();
  };
  const read = (bytes: Uint8Array, indices: readonly number[], kind: 'cells' | 'weights' = 'cells') => {
    const channel = new VerifierChannel(STATEMENT, bytes);
    const {
      bytes: opened,
      count,
      salt,
      width,
    } = readRows(channel, tree.root, { ...shape, kind }, indices, arithmeticOf());
    channel.end();
    return Array.from({ length: count }, (_, row) =>
      Array.from(new BigUint64Array(opened.slice(salt + row * (salt + 8 * width)).buffer, 0, width)),
    );
  };

  it('open at any set of leaves, with the siblings that are not known and no others', () => {
    for (let run = 0; run < 60; run++) {
      const indices = [...new Set(Array.from({ length: 1 + draws.below(16) }, () => draws.below(16)))];
      indices.sort((a, b) => a - b);
      const bytes = opened(indices);
      expect(read(bytes, indices)).toEqual(indices.map((index) => rows[index]!));
      const siblings = siblingsOf(indices, log);
      expect(bytes.length).toBe(indices.length * 40 + siblings.length * 32);
      expect(new Set(siblings.map(({ level, index }) => `${level} ${index}`)).size).toBe(siblings.length);
    }
    expect(siblingsOf([0, 1, 2, 3], 2)).toEqual([]);
    expect(siblingsOf([1, 6], 3).map(({ level, index }) => [level, index])).toEqual([
      [0, 0],
      [0, 7],
      [1, 1],
      [1, 2],
    ]);
  });

  it('rows of other leaves, changed salts, and siblings twice are refused', () => {
    const bytes = opened([3, 9]);
    expect(() => read(bytes, [3, 10])).toThrow(/root/);
    expect(() =>
      read(Uint8Array.of(...bytes.slice(40, 80), ...bytes.slice(0, 40), ...bytes.slice(80)), [3, 9]),
    ).toThrow(/root/);
    for (let at = 0; at < bytes.length; at++) {
      const changed = bytes.slice();
      changed[at]! ^= 0x40;
      expect(() => read(changed, [3, 9])).toThrow(Refusal);
    }
    expect(() => read(Uint8Array.of(...bytes.slice(0, 112), ...bytes.slice(80)), [3, 9])).toThrow(Refusal);
    expect(() => read(Uint8Array.of(...bytes, ...bytes.slice(-32)), [3, 9])).toThrow(/after the end/);
    expect(() => read(opened([3]), [3], 'weights')).toThrow(Refusal);
  });

  it('residues of p and more are refused in rows and in messages, before any hash is looked at', () => {
    const bytes = opened([3]);
    new DataView(bytes.buffer).setBigUint64(16, ORDER, true);
    expect(() => read(bytes, [3])).toThrow(/not below p/);
    const message = new Uint8Array(16).fill(255);
    expect(() => new VerifierChannel(STATEMENT, message).exchange('x', 1, 0)).toThrow(/not below p/);
  });

  it('hashes of leaves, of nodes and of levels are different functions', () => {
    const bytes = draws.bytes(64);
    const [a, b] = [bytes.slice(0, 32), bytes.slice(32)];
    const hashes = [
      leafHash('cells', bytes),
      leafHash('weights', bytes),
      leafHash('fold', bytes),
      nodeHash(1, a, b),
      nodeHash(2, a, b),
      nodeHash(1, b, a),
    ];
    expect(new Set(hashes.map(String)).size).toBe(hashes.length);
  });
});
