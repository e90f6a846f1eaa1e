// From three cosets to three odd cosets: the middle of the chain over N = 3M points, M = 2^k.
//
// A polynomial P = P_0 + P_1·x^M + P_2·x^(2M) of degree below N is Q_s = P_0 + σ^s·P_1 + σ^(2s)·P_2, of degree below M, on the coset
// ω^s·<ω_M>, where x^M = ω^(sM) = σ^s, and Q'_s = P_0 - σ^s·P_1 + σ^(2s)·P_2 on ω_2M·ω^s·<ω_M>, where x^M = -σ^s. Solved for P_0, P_1
// and P_2, all indices mod 3:
//
//   3·Q'_s = Σ_r (1 - σ^(s-r) + σ^(2(s-r)))·Q_r = Q_s - 2(σ·Q_(s-1) + σ^2·Q_(s-2))
//
// The inverse transform of coset s leaves u_s(i) = M·ω^(si)·Q_s[i], the forward one expects the same of Q'_s. So, with h = ω^(M+i):
//
//   u'_s(i) = u_s(i) - 2(h·u_(s-1)(i) + h^2·u_(s-2)(i)) = 3M·ω^(si)·Q'_s[i]
import { triple_one, triple_turned } from './ntt-butterflies';

const ELEMENT: usize = 36;

/** The map for the coefficients from ≤ i < to of the three blocks of n = 2^k elements at `data`, all in [0, 2p), in place. */
export function fr_ntt_three(data: usize, n: u32, from: u32, to: u32): void {
  const stride = <usize>n * ELEMENT;
  const end = data + <usize>to * ELEMENT;
  let exponent = (n + from) % 3;
  for (let a = data + <usize>from * ELEMENT; a < end; a += ELEMENT) {
    const b = a + stride;
    const c = b + stride;
    if (exponent == 0) triple_one(a, b, c);
    else if (exponent == 1) triple_turned(a, b, c);
    else triple_turned(a, c, b);
    exponent = exponent == 2 ? 0 : exponent + 1;
  }
}
