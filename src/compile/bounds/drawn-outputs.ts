/** What the real graph says at the points that searches draw: programs of one graph and domain are judged at the same ones. */
import { RealEvaluator } from '../real/evaluate.js';
import type { RealGraph } from '../real/graph.js';
import type { Values } from './gradient.js';

/** Numbers that are kept at most: 32 MB of them. */
const KEPT = 2 ** 22;

export class DrawnOutputs {
  private readonly evaluator: RealEvaluator;
  private readonly nodes: readonly string[];
  private readonly drawn: { readonly point: Values; readonly outputs: Values }[] = [];
  private kept = 0;

  constructor(graph: RealGraph) {
    this.evaluator = new RealEvaluator(graph);
    this.nodes = [...new Set(graph.outputs.map(({ node }) => node))];
  }

  /** Values of the outputs' nodes; the next run overwrites them. */
  at(point: Values): Values {
    return this.evaluator.run(point);
  }

  /** The same, of the point that a search draws as number `n`, where it was not the same one the last time. */
  atDraw(n: number, point: Values): Values {
    const known = this.drawn[n];
    if (known !== undefined && isSame(known.point, point)) return known.outputs;
    const values = this.at(point);
    if (known === undefined && (n !== this.drawn.length || this.kept >= KEPT)) return values;
    const outputs = new Map(this.nodes.map((node) => [node, values.get(node)!.slice()]));
    if (known === undefined) for (const each of [...point.values(), ...outputs.values()]) this.kept += each.length;
    this.drawn[n] = { point, outputs };
    return outputs;
  }
}

function isSame(a: Values, b: Values): boolean {
  for (const [name, values] of a) {
    const others = b.get(name)!;
    for (let i = 0; i < values.length; i++) if (values[i] !== others[i]) return false;
  }
  return true;
}
