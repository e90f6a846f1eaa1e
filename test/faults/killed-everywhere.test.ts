/** The process dies before each change that it makes to the disk, one after the other: nothing lost, nothing half, nothing left. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { killEverywhere, makeScene, type Scene } from './fault-scenes.js';
import { FaultTable, tally } from './fault-support.js';

const folder = await mkdtemp(path.join(tmpdir(), 'zkonnx-killed-'));
afterAll(() => rm(folder, { recursive: true, force: true }));
const table = new FaultTable();
afterAll(() => table.print());

let scene: Scene;
beforeAll(async () => {
  scene = await makeScene(folder);
});

it.each(['compile', 'setup', 'prove'] as const)('%s', async (command) => {
  const { ends, left } = await killEverywhere(scene, command, ['rename', 'link', 'rm', 'writeFile', 'open', 'mkdir']);
  expect(ends.length).toBeGreaterThan(10);
  table.note('SIGKILL', `${command}, before each of its changes to the disk`, left, tally(ends));
});
