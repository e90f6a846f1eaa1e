/** Flags of the commands that another proof system answers too (ezkl.ts). */
import type { PictureFlags } from './picture-flags.js';
import type { ProverName } from '../prove/tasks.js';

export interface ProveFlags extends PictureFlags {
  readonly in: string;
  readonly out: string;
  readonly force?: boolean;
  readonly resume?: boolean;
  readonly threads?: number;
  readonly maxMemory?: number;
  readonly prover?: ProverName;
  readonly context?: Uint8Array;
  readonly backend?: 'ezkl';
  readonly compiled?: string;
  readonly pk?: string;
  readonly srs?: string;
  readonly settings?: string;
}

export interface VerifyFlags extends PictureFlags {
  readonly key: string;
  readonly batch?: boolean;
  readonly expectModel?: string;
  readonly expectSchema?: string;
  readonly expectKey?: string;
  readonly expectUnclamped?: boolean;
  readonly opening?: string;
  readonly expectOutput?: string;
  readonly expectInput?: string;
  readonly expectContext?: Uint8Array;
  readonly public?: string;
  readonly backend?: 'ezkl';
  readonly settings?: string;
  readonly srs?: string;
}
