/** How far a prover has come. */

/** In order: the quotient polynomial's values, then all multi-scalar multiplications. */
export type EnginePhase = 'quotient' | 'sums';

/** `fraction` of the phase, 0 … 1; 0 when it begins. */
export type OnEngineProgress = (phase: EnginePhase, fraction: number) => void;
