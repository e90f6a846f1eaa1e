/** For `node --import`: writes the process's peak memory to the file that PEAK_FILE names when the process ends. */
import { writeFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';
import { peakMemoryBytes } from '../src/base/peak-memory.js';
import { PEAK_FILE } from './peak-memory.js';

const file = process.env[PEAK_FILE];
if (isMainThread && file !== undefined) process.once('exit', () => writeFileSync(file, String(peakMemoryBytes())));
