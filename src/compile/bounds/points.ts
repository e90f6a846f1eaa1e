/** Points of an input domain that searches start from: corners, draws, and steps along a derivative. */
import type { Box } from '../real/box.js';
import type { Values } from './gradient.js';
import { patternLevels } from './patterns.js';

/** Where a search may look. */
export interface SearchDomain {
  readonly box: Box;
  /** Only lo + k·step are looked at; 0: all reals. */
  readonly step: number;
  /** Of the tensor: which elements are neighbours. */
  readonly dims: readonly number[];
}

export type SearchDomains = ReadonlyMap<string, SearchDomain>;

/** All corners of a domain of at most this many elements are looked at. */
export const CORNER_ELEMENTS = 10;

export function elementsOf(domains: SearchDomains): number {
  return [...domains.values()].reduce((total, { box }) => total + box.lo.length, 0);
}

/** How many corners `corner` numbers; undefined where there are too many to look at them all. */
export function cornerCount(domains: SearchDomains): number | undefined {
  const elements = elementsOf(domains);
  return elements <= CORNER_ELEMENTS ? 2 ** elements : undefined;
}

/** Corner number `index`: bit j says which end element j takes; −1 is the upper end of all. */
export function corner(domains: SearchDomains, index: number): Values {
  let bit = 0;
  return pointOf(domains, ({ lo, hi }, j) => ((index >> Math.min(31, bit++)) & 1 ? hi[j]! : lo[j]!));
}

/** A corner by chance. */
export function randomCorner(domains: SearchDomains, random: () => number): Values {
  return pointOf(domains, ({ lo, hi }, j) => (random() < 0.5 ? lo[j]! : hi[j]!));
}

export function randomPoint(domains: SearchDomains, random: () => number): Values {
  return pointOf(domains, ({ lo, hi }, j) => lo[j]! + (hi[j]! - lo[j]!) * random());
}

/** Elements that go together, as those of pictures and series do; of so few elements that corners and draws tell all, independent ones. */
export function patternPoint(domains: SearchDomains, random: () => number): Values {
  if (cornerCount(domains) !== undefined) return randomPoint(domains, random);
  const levels = new Map([...domains].map(([name, { dims }]) => [name, patternLevels(dims, random)]));
  return pointOf(domains, ({ lo, hi }, j, name) => lo[j]! + (hi[j]! - lo[j]!) * levels.get(name)![j]!);
}

/** `from`, moved by `size` of the domain's width in the direction of each element's derivative, and kept in the domain. */
export function stepped(domains: SearchDomains, from: Values, direction: Values, size: number): Values {
  return pointOf(domains, ({ lo, hi }, j, name) => {
    const moved = from.get(name)![j]! + Math.sign(direction.get(name)![j]!) * size * (hi[j]! - lo[j]!);
    return Math.min(hi[j]!, Math.max(lo[j]!, moved));
  });
}

/** `from`, some of its elements (a `share` of them, one at least) moved by up to `size` of the domain's width. */
export function nudged(
  domains: SearchDomains,
  from: Values,
  { size, share, random }: { readonly size: number; readonly share: number; readonly random: () => number },
): Values {
  const chosen = Math.floor(random() * elementsOf(domains));
  let at = 0;
  return pointOf(domains, ({ lo, hi }, j, name) => {
    const value = from.get(name)![j]!;
    if (at++ !== chosen && random() >= share) return value;
    return Math.min(hi[j]!, Math.max(lo[j]!, value + (2 * random() - 1) * size * (hi[j]! - lo[j]!)));
  });
}

function pointOf(domains: SearchDomains, value: (box: Box, j: number, name: string) => number): Values {
  const point = new Map<string, Float64Array>();
  for (const [name, { box, step }] of domains) {
    const onGrid = (x: number, j: number) => (step === 0 ? x : box.lo[j]! + Math.round((x - box.lo[j]!) / step) * step);
    point.set(
      name,
      Float64Array.from({ length: box.lo.length }, (_, j) => Math.min(box.hi[j]!, onGrid(value(box, j, name), j))),
    );
  }
  return point;
}
