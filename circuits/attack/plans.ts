/** Plans under which the gadgets laid out by lookups are attacked: small tables, so that all solutions can be found. */
import type { Bounds, End } from '../builder.js';
import { clampKey, type TablePlan } from '../builders/lookup-plan.js';
import { gadgets } from './gadgets.js';
import type { Gadget } from './harness.js';

export interface NamedPlan {
  readonly name: string;
  readonly plan: TablePlan;
}

const bare = (bits: number): TablePlan => ({ bits, spans: new Set(), clamps: new Map(), functions: new Set() });

const END_KINDS = ['own', 'counted', 'refused'] as const satisfies readonly End[];

/** A table for each top and all ends that it may have; it ends where they refuse. */
export function clampTables(covered: readonly (readonly [top: number, covered: Bounds])[]): TablePlan['clamps'] {
  return new Map(
    covered.flatMap(([top, { lo, hi }]) =>
      END_KINDS.flatMap((below) =>
        END_KINDS.map((above) => {
          const bounds = { lo: below === 'refused' ? 0 : lo, hi: above === 'refused' ? top : hi };
          return [clampKey(top, { lo: below, hi: above }), bounds] as const;
        }),
      ),
    ),
  );
}

export const plans: readonly NamedPlan[] = [
  { name: 'b=2', plan: bare(2) },
  { name: 'b=3', plan: bare(3) },
  { name: 'b=4', plan: bare(4) },
  { name: 'b=3 with spans', plan: { ...bare(3), spans: new Set([2, 4]) } },
  {
    name: 'b=4 with every table',
    plan: {
      bits: 4,
      spans: new Set([2, 4, 8]),
      clamps: clampTables([
        [1, { lo: -5, hi: 7 }],
        [3, { lo: -30, hi: 30 }],
        [7, { lo: -40, hi: 40 }],
        [15, { lo: -160, hi: 180 }],
        [255, { lo: -1030, hi: 1030 }],
      ]),
      functions: new Set(['test', 'other']),
    },
  },
  { name: 'b=12', plan: bare(12) },
];

/** A gadget and how it is laid out: by bits where there is no plan. */
export interface Layout {
  readonly gadget: Gadget;
  readonly layout: string;
  readonly plan?: TablePlan;
}

export const bitLayouts: readonly Layout[] = gadgets
  .filter(({ layouts }) => layouts !== 'functions')
  .map((gadget) => ({ gadget, layout: 'bits' }));

/** Every gadget that asks for lookups under every plan; those that never do, under one. */
export const lookupLayouts: readonly Layout[] = gadgets.flatMap((gadget) =>
  plansFor(gadget).map(({ name, plan }) => ({ gadget, layout: name, plan })),
);

function plansFor({ layouts }: Gadget): readonly NamedPlan[] {
  if (layouts === 'bits') return [];
  if (layouts === 'functions') return plans.filter(({ plan }) => plan.functions.size > 0);
  return layouts === 'same' ? plans.slice(0, 1) : plans;
}
