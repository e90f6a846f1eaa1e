/** SHA-256 of bytes that come in pieces: Node's own where there is one, the portable one elsewhere. */
export interface Sha256 {
  update(bytes: Uint8Array): unknown;
  digest(): Uint8Array;
}

export type NewSha256 = () => Sha256;
