// `node tools/on-node.js [--flag…] script.ts [argument…]`: runs a script of this checkout on the Node that it brings,
// whatever Node was first on PATH.
import { checkoutNode, runOn } from './checkout-node.js';
import { dirname, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const wanted = 26;
/** The oldest that runs TypeScript as we write it. */
const oldest = 24;
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const args = process.argv.slice(2);
const running = Number.parseInt(process.versions.node, 10);
const brought = running >= wanted ? undefined : checkoutNode(root);

if (brought !== undefined || ((args[0] ?? '').startsWith('--') && running >= oldest)) {
  process.exitCode = await runOn(brought ?? process.execPath, args);
} else if (running >= oldest && args[0] !== undefined) {
  const script = resolve(args[0]);
  process.argv.splice(1, 2, script);
  await import(pathToFileURL(script).href);
} else {
  process.stderr.write(
    `needs Node ${oldest} or newer, and this is ${process.versions.node}\n  run \`npm ci\`: it brings Node ${wanted}\n`,
  );
  process.exitCode = 6;
}
