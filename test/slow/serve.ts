/** A server of contents on a port of this machine, as a page of docs/browser.md is served. */
import { createServer, type OutgoingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';

/** What SharedArrayBuffer takes. */
const ISOLATED = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' };

/** As docs/browser.md advises. */
const POLICY = { 'Content-Security-Policy': "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'" };

const TYPES: Readonly<Record<string, string>> = { '.html': 'text/html', '.mjs': 'text/javascript' };

/** With the headers of isolation to who asks for them: `?isolated`. */
export async function serve(contents: Readonly<Record<string, string | Uint8Array>>): Promise<Server> {
  const web = createServer(({ url = '' }, response) => {
    const { pathname, searchParams } = new URL(url, 'http://localhost');
    const content = contents[pathname];
    const headers: OutgoingHttpHeaders = {
      ...POLICY,
      ...(searchParams.has('isolated') ? ISOLATED : {}),
    };
    headers['Content-Type'] = TYPES[path.extname(pathname)] ?? 'application/octet-stream';
    response.writeHead(content === undefined ? 404 : 200, headers).end(content);
  });
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
  return web;
}

export const originOf = (server: Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
