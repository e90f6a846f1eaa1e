/** The prover's side of the argument's messages. */
import { extSub, type Ext } from '../../../field/goldilocks.js';
import type { Exchange } from '../../../verify/clear/channel.js';

/** What a prover sends to; a ProverChannel is one. */
export interface ProverTranscript {
  draw(label: string, count: number): readonly Ext[];
  exchange(label: string, values: readonly Ext[], draws: number): Exchange;
}

/** Takes the next pad off each value that it sends. */
export class Sender {
  private next = 0;

  constructor(
    readonly transcript: ProverTranscript,
    private readonly pads: readonly Ext[],
  ) {}

  padded(values: readonly Ext[]): Ext[] {
    return values.map((value) => extSub(value, this.pads[this.next++]!));
  }

  exchange(label: string, values: readonly Ext[], draws: number): readonly Ext[] {
    return this.transcript.exchange(label, this.padded(values), draws).challenges;
  }
}
