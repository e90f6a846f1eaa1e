/** What writes witness programs: operands in their places, numbers that mean one thing, and the register for whom it was meant. */
import { describe, expect, it } from 'vitest';
import { instructionOf, instructions, operandWords, wiresSet } from '../../src/constraint/instructions.js';
import { Opcode, Side, type OpcodeName } from '../../src/constraint/program.js';
import { ProgramWriter } from '../../src/constraint/program-writer.js';

describe('opcodes', () => {
  it('have numbers of their own, from which their records are found', () => {
    const names = Object.keys(Opcode) as OpcodeName[];
    expect(new Set(Object.values(Opcode)).size).toBe(names.length);
    for (const name of names) expect(instructionOf(Opcode[name])).toMatchObject({ name, ...instructions[name] });
    for (const code of [-1, 0, 1000, 2 ** 31 - 1]) expect(instructionOf(code)).toBeUndefined();
  });

  it('say which wires they set', () => {
    const code = Int32Array.of(7, 3, 0, 2);
    expect(wiresSet(code, 'out', 0)).toEqual([7, 1]);
    expect(wiresSet(code, 'run', 0)).toEqual([7, 3]);
    expect(wiresSet(code, 'part', 3)).toEqual([2, 1]);
    expect(wiresSet(code, 'part', 2)).toBeUndefined();
    expect(wiresSet(code, 'run', 1)).toBeUndefined();
    expect(wiresSet(code, 'row', 0)).toBeUndefined();
  });
});

describe('the writer', () => {
  it('puts operands behind their opcode, and the register where it is read', () => {
    const program = new ProgramWriter();
    program.emit('Bits', [5, 2], 1, 8, 0, [Side.H, 9]);
    const loaded = program.set('Load', 8, 0, [Side.H, 3]);
    program.emit('Limb', 7, 4, 4, loaded);
    program.emit('Lookup', 2, 0, 4, 0, program.set('Reflect', loaded, [Side.H, 4]));
    expect([...program.finish()]).toEqual([
      ...[Opcode.Bits, 5, 2, 1, 8, 0, Side.H, 9],
      ...[Opcode.Load, 8, 0, Side.H, 3],
      ...[Opcode.Limb, 7, 4, 4, Side.Register, 0],
      ...[Opcode.Reflect, Side.H, 4],
      ...[Opcode.Lookup, 2, 0, 4, 0, Side.Register, 0],
    ]);
    const words = (name: OpcodeName) => 1 + operandWords(instructions[name]);
    expect(words('Bits') + words('Load') + words('Limb') + words('Reflect') + words('Lookup')).toBe(
      program.finish().length,
    );
  });

  it('refuses a register that another instruction has set since', () => {
    const program = new ProgramWriter();
    const first = program.set('Load', 8, 0, [Side.H, 3]);
    const second = program.set('Parts', 6, 8, 0, [Side.B, 1]);
    expect(() => {
      program.emit('Limb', 7, 4, 4, first);
    }).toThrow(/another value by now/);
    expect(() => program.set('Reflect', first, [Side.H, 0])).toThrow(/another value by now/);
    program.emit('Limb', 7, 4, 4, second);
    expect(program.finish()).toHaveLength(5 + 6 + 6);
  });

  it('is typed: operands that are not the opcode’s, and a register that is none, do not compile', () => {
    const program = new ProgramWriter();
    // Never called: the compiler is what is under test.
    const wrong = (): void => {
      // @ts-expect-error -- a row is no register
      program.set('Reflect', [Side.H, 0], [Side.H, 0]);
      // @ts-expect-error -- what sets the register is not emitted past it
      program.emit('Load', 8, 0, [Side.H, 3]);
      // @ts-expect-error -- one factor is missing
      program.emit('Product', 5, [Side.A, 0]);
    };
    expect(typeof wrong).toBe('function');
    expect(program.finish()).toHaveLength(0);
  });
});
