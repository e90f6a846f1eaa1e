/** `node prove-child.js ours|snarkjs ZKEY WTNS THREADS PROOFS`: a process that does nothing but prove, for its peak memory. */
import { openOurProver } from './our-prover.js';
import { endSnarkjs, proveWithSnarkjs } from './snarkjs-prover.js';

const [who, zkey, wtns, threads, proofs] = process.argv.slice(2) as [string, string, string, string, string];

if (who === 'ours') {
  await using prover = await openOurProver(zkey, Number(threads));
  for (let i = 0; i < Number(proofs); i++) await prover.prove(wtns, { check: true });
} else {
  for (let i = 0; i < Number(proofs); i++) await proveWithSnarkjs(zkey, wtns);
  await endSnarkjs();
}
