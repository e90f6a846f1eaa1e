/** The most resident memory this process has had. */
import { readFileSync } from 'node:fs';

/**
 * Bytes, all threads included. On Linux not getrusage's maximum: a child starts with its parent's there, so that a large parent would
 * be reported in place of a small command.
 */
export function peakMemoryBytes(): number {
  return 1024 * (ofThisImage() ?? process.resourceUsage().maxRSS);
}

/** KiB since exec, where there is such a file. */
function ofThisImage(): number | undefined {
  try {
    const found = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'));
    return found === null ? undefined : Number(found[1]);
  } catch {
    return undefined;
  }
}
