/**
 * Where worker entries are. Node 20 cannot load TypeScript in a worker thread, so sources (under vitest) point into `dist`, which
 * `npm run build` makes; built code points beside itself.
 */
export type WorkerName = 'kernel-worker' | 'prove-worker' | 'ezkl';

export function workerUrl(name: WorkerName): URL {
  const folder = import.meta.url.endsWith('.ts') ? '../../dist/workers/' : '../../workers/';
  return new URL(`${folder}${name}.js`, import.meta.url);
}
