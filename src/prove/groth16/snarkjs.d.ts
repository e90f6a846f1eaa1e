/** The parts of snarkjs 0.7.6 and ffjavascript 0.3.1 that we call; neither ships types. */
declare module 'ffjavascript' {
  export interface Bn128 {
    readonly tm: {
      readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
      /** Functions on addresses of `memory`; the u32 at address 0 is where free memory begins. */
      readonly instance: { readonly exports: Record<string, (...operands: number[]) => number> };
      /** Addresses of the generators, Jacobian with Z = 1. */
      readonly pG1gen: number;
      readonly pG2gen: number;
    };
    readonly Gt: { toObject(element: unknown): unknown };
    /** Points affine, in Montgomery form. */
    pairing(g1: Uint8Array, g2: Uint8Array): unknown;
  }
  export function buildBn128(singleThread: true): Promise<Bn128>;
}

declare module 'snarkjs' {
  /** A path, or a whole file in memory. */
  export type File = string | { readonly type: 'mem'; readonly data: Uint8Array };
  export interface Logger {
    debug(message: string): void;
    info(message: string): void;
    warn(message: string): void;
    error(message: string): void;
  }
  export const groth16: {
    prove(
      zkey: File,
      wtns: File,
      logger?: Logger,
      options?: { readonly singleThread?: boolean },
    ): Promise<{ proof: unknown; publicSignals: string[] }>;
    verify(verificationKey: unknown, publicSignals: readonly string[], proof: unknown): Promise<boolean>;
  };
  export const r1cs: {
    info(file: string): Promise<{
      nVars: number;
      nConstraints: number;
      nPubInputs: number;
      nOutputs: number;
      nLabels: number;
    }>;
  };
  /** Fails without a logger where the witness is wrong. */
  export const wtns: { check(r1cs: string, wtns: string, logger: Logger): Promise<boolean> };
  export const powersOfTau: {
    newAccumulator(curve: unknown, power: number, file: string): Promise<unknown>;
    contribute(from: string, to: string, name: string, entropy: string): Promise<unknown>;
    preparePhase2(from: string, to: string): Promise<unknown>;
  };
  export const zKey: {
    newZKey(r1cs: string, ptau: string, zkey: string): Promise<Uint8Array>;
    contribute(from: string, to: string, name: string, entropy: string): Promise<unknown>;
    verifyFromR1cs(r1cs: string, ptau: string, zkey: string): Promise<boolean>;
    verifyFromInit(init: string, ptau: string, zkey: string): Promise<boolean>;
    exportVerificationKey(zkey: string): Promise<unknown>;
  };
  export const curves: { getCurveFromName(name: string): Promise<{ terminate(): Promise<void> }> };
}
