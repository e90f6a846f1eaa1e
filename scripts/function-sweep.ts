/** The worst error of every function over its declared domain, all 2^16 arguments of it, beside the declared one. */
import { ERROR_BITS } from '../src/compile/passes/unary.js';
import { functionCases, sweep } from './function-cases.js';

const number = (value: number): string => value.toExponential(2).padStart(9);
let failed = 0;
console.log('function             domain                 bits   declared      worst  of largest  of value         at');
for (const bits of [8, 10, 12]) {
  for (const given of functionCases) {
    const { declared, worst, at, largest, worstPart, calibratedEnds } = sweep(given, bits);
    // Of reciprocals and roots the error is a part of each value, of others of the largest one.
    const measure = given.fn.inverse === undefined || given.fn.inverse === 'square' ? worst / largest : worstPart;
    const isWrong = !(worst <= declared) || !(measure <= 2 ** -ERROR_BITS) || calibratedEnds;
    if (isWrong) failed++;
    const what = [
      given.fn.name.slice(0, 20).padEnd(20),
      `[${given.domain.join(', ')}]`.padEnd(22),
      String(bits).padStart(4),
    ];
    const figures = [declared, worst, worst / largest, worstPart].map(number);
    console.log([...what, ...figures, at.toPrecision(5).padStart(10), ...(isWrong ? ['MORE'] : [])].join(' '));
  }
}
console.log(failed === 0 ? 'no error is more than what is declared' : `${failed} errors are more than they may be`);
process.exitCode = failed === 0 ? 0 : 1;
