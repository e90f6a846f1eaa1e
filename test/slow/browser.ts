/** Headless Chromium over its debugging pipe: enough of the DevTools protocol to open a page and run a script in it. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

/** Debian's: `apt-get install chromium`. */
const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const FLAGS =
  '--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync --remote-debugging-pipe';

export interface Browser {
  open(url: string): Promise<Tab>;
  /** Resident memory of the processes that run pages, as the kernel counts it. */
  pagesResidentBytes(): Promise<number>;
  close(): Promise<void>;
}

export interface Tab {
  /** Value of an expression in the page; promises are awaited. */
  evaluate(expression: string): Promise<unknown>;
  /** Waits until the expression is true, at most ten seconds. */
  until(expression: string): Promise<void>;
}

interface Answer {
  readonly id?: number;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
}

export async function startBrowser(): Promise<Browser> {
  if (!existsSync(CHROMIUM)) throw new Error(`no browser at ${CHROMIUM}: apt-get install chromium, or set CHROMIUM`);
  const profile = await mkdtemp(join(tmpdir(), 'zkonnx-chromium-'));
  const browser = spawn(CHROMIUM, [...FLAGS.split(' '), `--user-data-dir=${profile}`], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
  });
  const send = commands(browser.stdio[3] as Writable, browser.stdio[4] as Readable);
  const close = async () => {
    const exited = new Promise((resolve) => browser.once('exit', resolve));
    browser.kill();
    await exited;
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  };
  return { open: (url) => openTab(send, url), pagesResidentBytes: () => renderersResidentBytes(browser.pid!), close };
}

/** Of the renderers among the descendants of a process. */
async function renderersResidentBytes(ancestor: number): Promise<number> {
  const ids = (await readdir('/proc')).map(Number).filter((id) => id > 0);
  const read = (id: number, name: string) => readFile(`/proc/${id}/${name}`, 'utf8').catch(() => '');
  const processes = await Promise.all(
    ids.map(async (id) => {
      const status = await read(id, 'status');
      const field = (name: string) => Number(new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(status)?.[1] ?? 0);
      const isRenderer = (await read(id, 'cmdline')).includes('--type=renderer');
      return { id, parent: field('PPid'), bytes: isRenderer ? 1024 * field('VmRSS') : 0 };
    }),
  );
  const parents = new Map(processes.map(({ id, parent }) => [id, parent]));
  const descends = (id: number): boolean => id === ancestor || (parents.has(id) && descends(parents.get(id)!));
  return processes.reduce((sum, { id, bytes }) => sum + (descends(id) ? bytes : 0), 0);
}

type Send = (method: string, params: object, sessionId?: string) => Promise<Record<string, unknown>>;

/** Messages are JSON, each ended by a zero byte. */
function commands(input: Writable, output: Readable): Send {
  const waiting = new Map<number, (answer: Answer) => void>();
  let rest = '';
  output.setEncoding('utf8');
  output.on('data', (chunk: string) => {
    const messages = (rest + chunk).split('\0');
    rest = messages.pop()!;
    for (const message of messages) {
      const answer = JSON.parse(message) as Answer;
      if (answer.id !== undefined) waiting.get(answer.id)?.(answer);
    }
  });
  let next = 0;
  return (method, params, sessionId) =>
    new Promise((resolve, reject) => {
      const id = ++next;
      waiting.set(id, ({ result, error }) => {
        waiting.delete(id);
        if (error === undefined) resolve(result ?? {});
        else reject(new Error(`${method}: ${error.message}`));
      });
      input.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    });
}

async function openTab(send: Send, url: string): Promise<Tab> {
  const { targetId } = await send('Target.createTarget', { url });
  const { sessionId } = await send('Target.attachToTarget', { targetId, flatten: true });
  const evaluate = async (expression: string): Promise<unknown> => {
    const params = { expression, awaitPromise: true, returnByValue: true };
    const answer = await send('Runtime.evaluate', params, sessionId as string);
    if (answer['exceptionDetails'] !== undefined) throw new Error(JSON.stringify(answer['exceptionDetails']));
    return (answer['result'] as { value?: unknown }).value;
  };
  const until = async (expression: string) => {
    for (const deadline = Date.now() + 10_000; Date.now() < deadline;) {
      if ((await evaluate(expression)) === true) return;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    throw new Error(`still not true: ${expression}`);
  };
  // A new tab is about:blank, and complete, before it goes anywhere.
  await until(`location.href === ${JSON.stringify(url)} && document.readyState === "complete"`);
  return { evaluate, until };
}
