/** What a setup worker does with each request. Keeps the curve and public tables between jobs, never a secret. */
import { ZkonnxError } from '../errors.js';
import { evaluateAtTrapdoor } from './evaluate.js';
import { FixedBase } from './fixed-base.js';
import { SCALAR_BYTES, type SetupReply, type SetupRequest } from './tasks.js';
import { WasmCurve, type GroupFunctions } from './wasm-curve.js';

export class SetupEngine {
  private curve: WasmCurve | undefined;
  private readonly tables = new Map<string, FixedBase>();

  async run(request: SetupRequest): Promise<SetupReply> {
    this.curve ??= await WasmCurve.create();
    switch (request.kind) {
      case 'evaluate':
        evaluateAtTrapdoor(this.curve, request.system, request.shape, request.scalars);
        return { kind: 'evaluate' };
      case 'multiply': {
        const { scalars, range, group, windowBits } = request;
        const words = new Uint32Array(scalars, range.first * SCALAR_BYTES, (range.count * SCALAR_BYTES) / 4);
        return { kind: 'multiply', ...this.table(this.curve, group, windowBits).multiples(words) };
      }
      case 'pair':
        return pair(this.curve, request.g1, request.g2);
    }
  }

  private table(curve: WasmCurve, group: 'g1' | 'g2', windowBits: number): FixedBase {
    const key = `${group}/${windowBits}`;
    let table = this.tables.get(key);
    if (table === undefined) {
      table = new FixedBase(curve, group, windowBits);
      this.tables.set(key, table);
    }
    return table;
  }
}

/** Throws KEY_INVALID unless all points are on their curves; pairs the first of each list. */
function pair(curve: WasmCurve, g1: readonly Uint8Array[], g2: readonly Uint8Array[]): SetupReply {
  requireOnCurve(curve, curve.g1, g1);
  requireOnCurve(curve, curve.g2, g2);
  return { kind: 'pair', alphaBeta: curve.pairing(g1[0]!, g2[0]!) };
}

function requireOnCurve(curve: WasmCurve, group: GroupFunctions, points: readonly Uint8Array[]): void {
  curve.scoped(() => {
    const at = curve.allocate(group.affineBytes);
    for (const bytes of points) {
      for (let offset = 0; offset < bytes.length; offset += group.affineBytes) {
        curve.bytes.set(bytes.subarray(offset, offset + group.affineBytes), at);
        if (group.isOnCurve(at) === 0) throw new ZkonnxError('KEY_INVALID', 'a point of the key is not on the curve');
      }
    }
  });
}
