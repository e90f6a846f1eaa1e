/** The messages of the argument, and its claims as the verifier will have them. */
import { invariant } from '../../../base/errors.js';
import { readArgument } from '../../../verify/clear/argument.js';
import type { Exchange } from '../../../verify/clear/channel.js';
import type { Claim } from '../../../verify/clear/functional.js';
import type { ArgumentPlan } from '../../../verify/clear/plan.js';
import type { Transcript } from '../../../verify/clear/reader.js';
import type { Ext } from '../../../field/goldilocks.js';
import { proveConstraints } from './constraints.js';
import { proveLookups } from './lookups.js';
import { provePadProducts } from './pad-products.js';
import { Sender, type ProverTranscript } from './sender.js';
import type { Values } from './values.js';

/** Sends the argument's messages; `values` need not satisfy the relation, then some claim will not hold. The commitment is in the transcript before. */
export function proveArgument(plan: ArgumentPlan, values: Values, transcript: ProverTranscript): void {
  const sender = new Sender(transcript, values.blinding);
  if (plan.constraints) proveConstraints(sender, plan.relation, plan.constraints, values);
  if (plan.lookups) proveLookups(sender, plan.relation, plan.lookups, values);
  if (plan.blinding.products.length > 0) provePadProducts(transcript, plan.blinding, values.blinding);
}

/** Keeps what is sent and drawn, for the verifier's walk to be repeated over it. */
export class Recorder implements ProverTranscript {
  private readonly kept: { readonly label: string; readonly exchange: Exchange }[] = [];

  constructor(private readonly transcript: ProverTranscript) {}

  draw(label: string, count: number): readonly Ext[] {
    const challenges = this.transcript.draw(label, count);
    this.kept.push({ label, exchange: { values: [], challenges } });
    return challenges;
  }

  exchange(label: string, values: readonly Ext[], draws: number): Exchange {
    const exchange = this.transcript.exchange(label, values, draws);
    this.kept.push({ label, exchange });
    return exchange;
  }

  /** The claims of what was sent. */
  claims(plan: ArgumentPlan, publics: readonly BigUint64Array[]): readonly Claim[] {
    let next = 0;
    const take = (label: string, count: number, draws: number): Exchange => {
      const kept = this.kept[next++];
      invariant(
        kept?.label === label && kept.exchange.values.length === count && kept.exchange.challenges.length === draws,
        'prover and verifier walk through the same messages',
        { label, kept: kept?.label },
      );
      return kept.exchange;
    };
    const transcript: Transcript = {
      draw: (label, count) => take(label, 0, count).challenges,
      exchange: take,
    };
    return readArgument(plan, publics, transcript);
  }
}
