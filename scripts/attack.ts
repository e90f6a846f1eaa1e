/** `npm run attack [SEED]`: attacks every gadget and every weakened gadget; exit code 1 where a lie got through or a hole went unnoticed. */
import { attackAll } from '../circuits/attack/summary.js';

const seed = Number(process.argv[2] ?? 1);
const summary = attackAll(seed, ({ gadget, constraints, samples, enumerated, lies, refused, harmless, breaches }) => {
  const verdict = breaches.length === 0 ? 'sound' : `BREACH: ${breaches[0]}`;
  console.log(
    `${gadget.padEnd(62)} ${String(constraints).padStart(4)} rows, ${enumerated}/${samples} inputs proven unique, ` +
      `${lies} lies, ${refused} refused, ${harmless} harmless: ${verdict}`,
  );
});
const { reports, lies, refused, harmless, breaches, weakened, deletions } = summary;
console.log(
  `\n${reports.length} gadgets, ${lies} lies tried, ${refused} refused, ${harmless} harmless (inverse of zero), ${breaches.length} accepted (seed ${seed})`,
);
console.log(`weakened gadgets caught: ${weakened.caught.length} of ${weakened.caught.length + weakened.missed.length}`);
for (const name of weakened.caught) console.log(`  caught: ${name}`);
for (const name of weakened.missed) console.log(`  MISSED: ${name}`);
console.log(
  `rows deleted one at a time: ${deletions.rows}, loss noticed: ${deletions.rows - deletions.unnoticed.length}`,
);
for (const row of deletions.unnoticed) console.log(`  UNNOTICED: ${row}`);
process.exitCode = breaches.length + weakened.missed.length + deletions.unnoticed.length === 0 ? 0 : 1;
