/**
 * `npm run sweep`: the worst error of every function over its declared domain, all 2^16 arguments of it, beside the declared one: of what the
 * circuits of both protocols put out, by their own witness programs. Every row is checked of every sixteenth witness of 64 arguments.
 */
import { PROTOCOLS } from '../src/verify/statement.js';
import { functionCases, functionModel, isWithin, sweep } from './function-cases.js';
import { circuitRun } from './function-circuits.js';

const CHECK_EVERY = 16;

const number = (value: number): string => value.toExponential(2).padStart(9);
const columns = [
  'function'.padEnd(20),
  'domain'.padEnd(14),
  'bits',
  'protocol',
  ' declared',
  '    worst',
  'of largest',
];
console.log([...columns, ' of value', '        at', 'points', 'checked'].join(' '));
let failed = 0;
for (const bits of [8, 10, 12]) {
  for (const given of functionCases) {
    const model = functionModel(given, bits);
    for (const protocol of PROTOCOLS) {
      const swept = sweep(given, model, circuitRun(model, protocol), { checkEvery: CHECK_EVERY });
      const { declared, worst, at, largest, worstPart, points, checked } = swept;
      const isRight = isWithin(given, swept);
      if (!isRight) failed++;
      const what = [
        given.fn.name.slice(0, 20).padEnd(20),
        `[${given.domain.join(', ')}]`.padEnd(14),
        String(bits).padStart(4),
        protocol.padEnd(8),
      ];
      const errors = [number(declared), number(worst), number(worst / largest).padStart(10), number(worstPart)];
      const where = [at.toPrecision(5).padStart(10), String(points).padStart(6), String(checked).padStart(7)];
      console.log([...what, ...errors, ...where, ...(isRight ? [] : ['MORE'])].join(' '));
    }
  }
}
console.log(failed === 0 ? 'no error is more than what is declared' : `${failed} errors are more than they may be`);
process.exitCode = failed === 0 ? 0 : 1;
