/** The part of circomlibjs (no types of its own) that tests compare with. */
declare module 'circomlibjs' {
  export interface Poseidon {
    (inputs: bigint[]): Uint8Array;
    readonly F: { toObject(element: Uint8Array): bigint };
  }
  export function buildPoseidon(): Promise<Poseidon>;
}
