/**
 * Loaded before the daemon's own main module: reads in what that will import, says so, and waits for a byte on standard
 * input. A hundred starts then cost what opening the doors costs, and not a hundred times reading the source.
 */
import { readSync, writeSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import '../../src/daemon/compose.ts';

writeSync(1, 'warm\n');
if (readSync(0, Buffer.alloc(1)) === 0) {
  // In order it would wait for threads that compile, and was once seen to wait for ever.
  flushCompileCache();
  process.kill(process.pid, 'SIGKILL');
}
