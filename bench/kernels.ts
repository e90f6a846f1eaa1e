/** Part `kernels`: arithmetic, transforms and multi-scalar multiplications against ffjavascript 0.3.1 in this process. */
import { createKernelMemory, instantiateKernels } from '../src/kernels/module.js';
import { kernelPool, WorkerTeam } from '../src/pool/kernel-team.js';
import { openFfjavascript } from './ffjavascript.js';
import type { Context, Section } from './harness.js';
import type { KernelBench } from './kernel-bench.js';
import { benchField } from './kernels-field.js';
import { benchMsm } from './kernels-msm.js';
import { benchNtt } from './kernels-ntt.js';

export async function benchKernels(context: Context): Promise<Section[]> {
  const kernels = await instantiateKernels({ memory: createKernelMemory() });
  const pool = kernelPool(context.threads);
  const curve = await openFfjavascript();
  const bench: KernelBench = { ...context, team: new WorkerTeam(kernels, pool), curve };
  try {
    const sections: Section[] = [];
    for (const part of [benchField, benchNtt, benchMsm]) {
      const mark = kernels.heap.mark();
      sections.push(await part(bench));
      kernels.heap.release(mark);
    }
    return sections;
  } finally {
    await pool.close();
    await curve.terminate();
  }
}
