/** What of a key's body follows from the model: compared with what the model gives. */
import type { Recompiled } from '../compile/recompile.js';
import { commitProgram } from '../prove/clear/commit.js';
import { openProgram } from '../prove/clear/program.js';
import type { PreparedKey, PreparedKeyOf } from '../verify/key.js';
import { clearKeyJson } from '../verify/clear/key.js';
import type { Protocol } from '../verify/statement.js';

type BodyFaults<P extends Protocol> = (key: PreparedKeyOf<P>, again: Recompiled) => Promise<readonly string[]>;

/** Points follow from a trapdoor that is gone; a relation and the root of its weights from the model alone. */
const BODIES: { readonly [P in Protocol]: BodyFaults<P> } = {
  groth16: () => Promise.resolve([]),
  mirage: () => Promise.resolve([]),
  async clear({ body }, { product, schema }) {
    const { key } = await commitProgram(openProgram(product.program, schema, 'the model'), schema);
    const own = clearKeyJson(body.relation, body.parameters, body.weightsRoot, body.nPublic);
    return [
      ...(own.relation === key.relation ? [] : ['its relation is not what the model gives']),
      ...(own.root === key.root
        ? []
        : [`its root is ${own.root ?? 'none'}, the model’s weights have ${key.root ?? 'none'}`]),
      ...(own.n === key.n && own.rateLog === key.rateLog ? [] : ['its opening has other parameters']),
    ];
  },
};

/** Why a key's body is not the model's, in words; empty where it is, or where no model tells. */
export function bodyFaults(key: PreparedKey, again: Recompiled): Promise<readonly string[]> {
  return faultsOf<Protocol>(key, again);
}

function faultsOf<P extends Protocol>(key: PreparedKeyOf<P>, again: Recompiled): Promise<readonly string[]> {
  return BODIES[key.protocol](key, again);
}
