/**
 * The domains that a model was compiled for, as its caller declared them. An artifact's integers may reach further than that (zero is a step of every
 * grid, integers fill their bits), and so does what its circuit allows: that a value lies within what was declared is no part of a proof, but a
 * prover who was told takes no other. Uses no Node API.
 */
import { parseJsonFile } from '../base/strict-json.js';
import { requireSameCircuit } from '../formats/circuit.js';
import { list, number, object, optional, text, tuple, type Check } from '../formats/manifest-fields.js';
import type { KeyBlock } from '../verify/key.js';

/** By input; of others nothing was declared. */
export type DeclaredDomains = ReadonlyMap<string, readonly [lo: number, hi: number]>;

interface DomainOf {
  readonly input: string;
  readonly declared?: readonly [lo: number, hi: number];
}

interface WithDomains {
  readonly choices?: { readonly domains: readonly DomainOf[] };
}

/** Of a manifest that was read. Artifacts of before do not say. */
export function declaredDomains({ choices }: WithDomains): DeclaredDomains {
  return new Map(
    (choices?.domains ?? []).flatMap(({ input, declared }) => (declared === undefined ? [] : [[input, declared]])),
  );
}

/** What is read of a manifest here. */
const FIELDS: Check = object<WithDomains & { readonly circuit: { readonly hash: string } }>({
  circuit: object<{ readonly hash: string }>({ hash: text }),
  choices: optional(
    object<NonNullable<WithDomains['choices']>>({
      domains: list(object<DomainOf>({ input: text, declared: optional(tuple(number, number)) })),
    }),
  ),
});

/** Of a manifest, its text or parsed, that somebody gives beside a key. Throws ARTIFACT_INVALID, KEY_MISMATCH where it is of another circuit. */
export function declaredDomainsIn(manifest: unknown, { circuitHash }: Pick<KeyBlock, 'circuitHash'>): DeclaredDomains {
  const details = { where: 'manifest', help: 'use the manifest.json that compile wrote, unchanged' };
  const value =
    typeof manifest === 'string' ? parseJsonFile('ARTIFACT_INVALID', 'the manifest', manifest, details) : manifest;
  FIELDS(value, '', 'manifest');
  const { circuit, ...known } = value as WithDomains & { readonly circuit: { readonly hash: string } };
  requireSameCircuit(circuitHash, circuit.hash, 'manifest');
  return declaredDomains(known);
}
