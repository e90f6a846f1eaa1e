/** Artifacts, keys and proofs that faults are let loose on, and what tells the ones of before from the ones after. */
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect } from 'vitest';
import { makeMlp } from '../../scripts/make-mlp.js';
import { writeArtifact } from '../../src/compile/artifact.js';
import { compile } from '../../src/compile/compile.js';
import { keyFiles } from '../../src/formats/artifact-keys.js';
import { artifactPaths, readManifest } from '../../src/formats/manifest.js';
import { readSamples } from '../../src/inputs/samples.js';
import { isProofOf } from '../../src/prove/kept-proof.js';
import { openProver } from '../../src/prove/open-prover.js';
import { setup } from '../../src/setup/setup.js';
import { prepareKey } from '../../src/verify/key.js';
import { verify } from '../../src/verify/verify.js';
import { killer, leftovers, zkonnx, type Ended } from './fault-support.js';

export interface Scene {
  readonly folder: string;
  readonly input: readonly number[];
  /** Proves with the artifact in the folder, checks the proof by its key, and says whose circuit it is. */
  provesAs(dir: string): Promise<'the old one' | 'the new one'>;
  /** By the key of `art`, or another. */
  isValid(proof: string, key?: object): boolean;
}

/**
 * In `folder`: mlp.onnx and other.onnx, their artifacts art (with keys) and other, committed (of mlp.onnx, with keys), in.json, batch.jsonl of 6
 * samples, p.json and proofs/ of art.
 */
export async function makeScene(folder: string): Promise<Scene> {
  const at = (...names: string[]) => path.join(folder, ...names);
  const sample = (k: number) => ({ input: Array.from({ length: 16 }, (_, i) => Math.sin(i + k)) });
  const { input } = sample(0);
  await writeFile(at('in.json'), JSON.stringify({ input }));
  await writeFile(at('batch.jsonl'), Array.from({ length: 6 }, (_, k) => JSON.stringify(sample(k))).join('\n'));
  const domain = new Map([['input', { lo: -1, hi: 1 }]]);
  const hashes: string[] = [];
  for (const [model, dir, options] of [
    ['mlp.onnx', 'art', {}],
    ['other.onnx', 'other', {}],
    ['mlp.onnx', 'committed', { input: 'committed' }],
  ] as const) {
    await writeFile(at(model), makeMlp(model === 'mlp.onnx' ? [16, 24, 4] : [16, 20, 4]));
    const compiled = await compile(at(model), { domain, ...options });
    hashes.push(compiled.manifest.circuit.hash);
    await writeArtifact(at(dir), compiled, at(model));
    if (dir !== 'other') await setup(at(dir), { dev: true });
  }
  const ownKey = prepareKey(await readFile(at('art/verification_key.json'), 'utf8'));
  const isValid = (proof: string, key?: object) => verify(proof, key ?? ownKey).valid;
  await using prover = await openProver(at('art'), { threads: 1 });
  await writeFile(at('p.json'), JSON.stringify((await prover.prove({ input })).proof));
  for (let k = 0; k < 6; k++) {
    const { proof } = await prover.prove(sample(k));
    await cp(at('p.json'), at(`proofs/${k}.json`));
    await writeFile(at(`proofs/${k}.json`), JSON.stringify(proof));
  }
  return {
    folder,
    input,
    isValid,
    async provesAs(dir) {
      await using opened = await openProver(dir, { threads: 1 });
      const { proof } = await opened.prove({ input });
      const verdict = verify(proof, await readFile(artifactPaths(dir).verificationKey, 'utf8'));
      expect(verdict).toMatchObject({ valid: true });
      return verdict.valid && verdict.circuitHash === hashes[1] ? 'the new one' : 'the old one';
    },
  };
}

/** Whether the opening beside a proof of `committed` is that proof's, of in.json. */
export async function openingFits({ folder }: Scene, proof: string, opening: string): Promise<boolean> {
  const dir = path.join(folder, 'committed');
  const key = prepareKey(await readFile(artifactPaths(dir).verificationKey, 'utf8'));
  for await (const sample of readSamples(path.join(folder, 'in.json'), key.facts.schema.inputs)) {
    const texts = { proof: await readFile(proof, 'utf8'), opening: await readFile(opening, 'utf8') };
    return isProofOf(key, sample, texts);
  }
  return false;
}

interface Killing {
  /** Where it writes. */
  readonly dir: string;
  readonly args: readonly string[];
  prepare(): Promise<void>;
  /** What a reader finds: throws for anything half. */
  look(): Promise<string>;
}

function killings({ folder, provesAs, ...scene }: Scene): Record<'compile' | 'setup' | 'prove', Killing> {
  const at = (...names: string[]) => path.join(folder, ...names);
  const copy = async () => {
    await rm(at('victim'), { recursive: true, force: true });
    await cp(at('art'), at('victim'), { recursive: true });
  };
  const pair = [at('victim/p.json'), at('victim/p.opening.json')] as const;
  return {
    // From an artifact with keys to another model's: keys go, unless it is the one of before.
    compile: {
      dir: at('victim'),
      args: ['compile', at('other.onnx'), '-o', at('victim'), '--domain', '-1..1', '--force', '--quiet'],
      prepare: copy,
      async look() {
        // As every reader does, and with it what was begun is finished.
        const proves = await provesAs(at('victim')).catch((error: unknown) => error);
        if (typeof proves === 'string') {
          expect(proves).toBe('the old one');
          return 'the artifact and keys of before';
        }
        expect(proves).toMatchObject({ code: 'FILE_UNREADABLE', shortMessage: 'the artifact has no keys' });
        expect(await keyFiles(at('victim'))).toEqual([]);
        const hash = async (dir: string) => (await readManifest(dir)).circuit.hash;
        expect(await hash(at('victim'))).toBe(await hash(at('other')));
        expect((await readFile(at('victim/circuit.bin'))).equals(await readFile(at('other/circuit.bin')))).toBe(true);
        expect((await readFile(at('victim/model.onnx'))).equals(await readFile(at('other.onnx')))).toBe(true);
        return 'the new artifact, without keys';
      },
    },
    setup: {
      dir: at('victim'),
      args: ['setup', at('victim'), '--dev', '--force', '--quiet'],
      prepare: copy,
      async look() {
        const before = JSON.parse(await readFile(at('art/verification_key.json'), 'utf8')) as { vk_alpha_1: unknown };
        expect(await provesAs(at('victim'))).toBe('the old one');
        const after = JSON.parse(await readFile(at('victim/verification_key.json'), 'utf8')) as { vk_alpha_1: unknown };
        const isOld = JSON.stringify(before.vk_alpha_1) === JSON.stringify(after.vk_alpha_1);
        return isOld ? 'the keys of before' : 'the new keys';
      },
    },
    prove: {
      dir: at('victim'),
      args: ['prove', at('committed'), '--in', at('in.json'), '-o', pair[0], '--quiet'],
      async prepare() {
        await rm(at('victim'), { recursive: true, force: true });
        for (const file of pair) await cp(file.replace('victim', 'old-pair'), file);
      },
      async look() {
        const [proof, opening] = await Promise.all(pair.map((file) => readFile(file, 'utf8').catch(() => undefined)));
        if (proof === undefined) return 'an opening, for a moment without its proof';
        expect(await openingFits({ folder, provesAs, ...scene }, ...pair)).toBe(true);
        const old = await readFile(at('old-pair/p.opening.json'), 'utf8');
        return opening === old ? 'the pair of before' : 'the new pair';
      },
    },
  };
}

/**
 * Runs a command again and again, each time killed one step later, until it ends by itself; after each kill looks at what is there, and that
 * the same command, run again, ends well and leaves nothing of the dead one. `left` says what there was, each kind once.
 */
export async function killEverywhere(
  scene: Scene,
  command: 'compile' | 'setup' | 'prove',
  operations: readonly string[],
): Promise<{ readonly ends: Ended[]; readonly left: string }> {
  const { dir, args, prepare, look } = killings(scene)[command];
  if (command === 'prove') {
    const out = path.join(scene.folder, 'old-pair/p.json');
    expect(await zkonnx([...args.slice(0, 5), out, '--quiet'])).toMatchObject({ code: 0 });
  }
  const env = await killer(scene.folder, operations);
  const ends: Ended[] = [];
  const found = new Set<string>();
  for (let n = 1; ends.at(-1)?.signal !== null || ends.length === 0; n++) {
    await prepare();
    const ended = await zkonnx(args, env(n));
    ends.push(ended);
    expect(ended.signal === 'SIGKILL' || ended.code === 0, ended.stderr).toBe(true);
    found.add(await look());
    const again = await zkonnx(args);
    expect(again, again.stderr).toMatchObject({ code: 0 });
    await look();
    expect(await leftovers(dir)).toEqual([]);
  }
  return { ends, left: [...found].join('; ') };
}
