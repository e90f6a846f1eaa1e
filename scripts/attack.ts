/**
 * `npm run attack [SEED]`: attacks every gadget, laid out by bits and by lookups, and every weakened gadget, on all processors; exit code 1 where a
 * lie got through or a hole went unnoticed.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { attackShare, joined, type AttackSummary } from '../circuits/attack/summary.js';

const [seed, part, parts] = [1, -1, availableParallelism()].map((otherwise, i) =>
  Number(process.argv[2 + i] ?? otherwise),
) as [number, number, number];
if (part >= 0) process.send!(share());
else report(joined(await Promise.all(Array.from({ length: parts }, (_, i) => shareOfChild(i)))));

/** Of this process, which says how each gadget fared. */
function share(): AttackSummary {
  return attackShare(
    seed,
    { part, parts },
    ({ gadget, constraints, samples, enumerated, breaches, ...counts }, layout) => {
      const verdict = breaches.length === 0 ? 'sound' : `BREACH: ${breaches[0]}`;
      const { lies, refused, harmless } = counts;
      console.log(
        `${gadget.padEnd(62)} ${layout.padEnd(20)} ${String(constraints).padStart(4)} rows, ` +
          `${enumerated}/${samples} inputs proven unique, ${lies} lies, ${refused} refused, ${harmless} harmless: ${verdict}`,
      );
    },
  );
}

async function shareOfChild(i: number): Promise<AttackSummary> {
  const child = fork(import.meta.filename, [seed, i, parts].map(String));
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`part ${i} of the attack ended with ${String(code)}`);
  });
  const [summary] = (await Promise.race([once(child, 'message'), ended])) as [AttackSummary];
  return summary;
}

function report({ builders, protocol, counted, weakened }: AttackSummary): void {
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  for (const { builder, gadgets, lies, refused, harmless, breaches, samples, enumerated, deletions } of builders) {
    console.log(
      `\nby ${builder}: ${gadgets} gadgets, ${lies} lies tried, ${refused} refused, ${harmless} harmless (inverse of zero), ` +
        `${breaches.length} accepted (seed ${seed}); ${enumerated} of ${samples} inputs proven unique`,
    );
    const { rows, unnoticed } = deletions;
    console.log(`  constraints deleted one at a time: ${rows}, loss noticed: ${rows - unnoticed.length}`);
    for (const row of unnoticed) console.log(`  UNNOTICED: ${row}`);
  }
  console.log(
    `\nin all: ${sum(builders.map(({ gadgets }) => gadgets))} gadgets, ${sum(builders.map(({ lies }) => lies))} lies, ` +
      `${sum(builders.map(({ breaches }) => breaches.length))} accepted; ` +
      `weakened gadgets caught: ${weakened.caught.length} of ${weakened.caught.length + weakened.missed.length}`,
  );
  for (const name of weakened.caught) console.log(`  caught: ${name}`);
  for (const name of weakened.missed) console.log(`  MISSED: ${name}`);
  console.log(
    `the lookup argument, for random challenges: ${protocol.accepted} of ${protocol.honest} honest witnesses accepted; ` +
      `${protocol.refused} of ${protocol.changes} changed values refused; ` +
      `${protocol.outsideRefused} of ${protocol.outside} queries outside their table refused; ` +
      `${protocol.latePassed} of ${protocol.late} pass with multiplicities made after X is known, as they must`,
  );
  console.log(
    `the bit, for random challenges: ${counted.refused} of ${counted.lies} other bits, sums and multiplicities refused; ` +
      `${counted.latePassed} of ${counted.late} pass with multiplicities moved after X is known, as they must`,
  );
  const held =
    protocol.accepted === protocol.honest &&
    protocol.refused === protocol.changes &&
    protocol.outsideRefused === protocol.outside &&
    protocol.latePassed === protocol.late &&
    counted.refused === counted.lies &&
    counted.latePassed === counted.late;
  const failures = builders.map(({ breaches, deletions, samples, enumerated }) => {
    return breaches.length + deletions.unnoticed.length + samples - enumerated;
  });
  process.exitCode = held && sum(failures) + weakened.missed.length === 0 ? 0 : 1;
}
