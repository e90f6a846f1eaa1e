/** What `compile` will say of a model before it has looked at any data: its own checks, run without a choice. */
import path from 'node:path';
import { ZkonnxError } from '../base/errors.js';
import type { Samples } from './calibration-samples.js';
import { judging, openJudge } from './judge.js';
import { readingModel } from './model-file.js';
import { inputNodes } from './passes/domains.js';
import type { CompileOptions } from './options.js';
import { requireCompilable } from './preflight.js';
import type { PreparedModel } from './prepare.js';
import type { AsyncWork } from './stages.js';

/** In this order; what follows a refusal is not run. */
export type CheckName = 'import' | 'shapes and constants' | 'onnxruntime';

/** One check: `noted` is no obstacle, and is said by `compile` too. */
export interface Check {
  readonly check: CheckName;
  readonly status: 'passed' | 'noted' | 'refused';
  readonly reason?: string;
  readonly help?: string;
}

/** The checks of a model at a path. Throws FILE_UNREADABLE, and INTERNAL for faults of ours. */
export async function checkUp(modelPath: string, options: Pick<CompileOptions, 'inputShapes'>): Promise<Check[]> {
  const checks: Check[] = [];
  const passes = async <T>(check: CheckName, run: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await run();
    } catch (error) {
      if (!(error instanceof ZkonnxError) || error.code === 'INTERNAL') throw error;
      checks.push({ check, status: 'refused', ...explain(error) });
      return undefined;
    }
  };
  const read = await passes('import', () => drained(readingModel(path.resolve(modelPath), options)));
  if (read === undefined) return checks;
  checks.push({ check: 'import', status: 'passed' });
  const { prepared } = read;
  const fits = await passes('shapes and constants', () =>
    Promise.resolve().then(() => (requireCompilable(prepared), true)),
  );
  if (fits === undefined) return checks;
  checks.push({ check: 'shapes and constants', status: 'passed' });
  const notes = await passes('onnxruntime', () => asked(modelPath, prepared));
  if (notes === undefined) return checks;
  const reason = notes.join('; ');
  checks.push({ check: 'onnxruntime', ...(reason === '' ? { status: 'passed' } : { status: 'noted', reason }) });
  return checks;
}

/** Loads the model in onnxruntime and holds it beside our evaluation on a few made-up inputs. */
async function asked(modelPath: string, prepared: PreparedModel): Promise<readonly string[]> {
  const runtime = await openJudge(modelPath, prepared);
  try {
    const { notes } = await drained(judging(modelPath, runtime, prepared, probes(prepared)));
    return notes;
  } catch (error) {
    // Whether the model has an answer on the user's data is for the data to show.
    if (error instanceof ZkonnxError && error.code === 'CALIBRATION_INVALID') return [];
    throw error;
  }
}

/** All 0, and a pattern of values in 0 … 1: of every type, and indices into most tables. */
function probes({ imported }: PreparedModel): Samples {
  const fill = (value: (i: number) => number) =>
    new Map(
      inputNodes(imported).map(({ name, dims, dtype }) => {
        const length = dims.reduce((product, dim) => product * dim, 1);
        const whole = !/float/.test(dtype);
        return [name, Float64Array.from({ length }, (_, i) => (whole ? Math.round(value(i)) : value(i)))];
      }),
    );
  return { all: [fill(() => 0), fill((i) => ((i * 37 + 11) % 64) / 64)], drawn: true };
}

function explain({ shortMessage, details }: ZkonnxError): { readonly reason: string; readonly help?: string } {
  const facts = (['where', 'expected', 'got'] as const).flatMap((name) => {
    const fact = details[name];
    return fact === undefined ? [] : [`${name} ${fact}`];
  });
  const reason = facts.length === 0 ? shortMessage : `${shortMessage} (${facts.join('; ')})`;
  return details.help === undefined ? { reason } : { reason, help: details.help };
}

async function drained<T>(work: AsyncWork<T>): Promise<T> {
  for (;;) {
    const step = await work.next();
    if (step.done === true) return step.value;
  }
}
