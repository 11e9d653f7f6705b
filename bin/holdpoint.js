#!/usr/bin/env node
// Starts the command line. Parses on every Node that npm still supports, so that an old one gets a sentence, not a stack.
import { existsSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const oldest = 24;
/** Exit code `unavailable`. */
const unavailable = 6;
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const inCheckout = existsSync(join(root, 'src')) && !root.split(sep).includes('node_modules');

/**
 * @param {string} text what is wrong, then one hint
 */
function giveUp(text) {
  process.stderr.write(`holdpoint: ${text}\n`);
  process.exitCode = unavailable;
}

/** Experimental features that we chose to use are ours to worry about; every other warning is shown. */
function silenceExperimentalWarnings() {
  const emit = process.emitWarning.bind(process);
  process.emitWarning = function emitWarning(warning, ...rest) {
    const [options] = rest;
    const given = typeof options === 'object' && options !== null ? options.type : options;
    const type = warning instanceof Error ? warning.name : given;
    if (type !== 'ExperimentalWarning') emit(warning, ...rest);
  };
}

async function start() {
  if (Number.parseInt(process.versions.node, 10) < oldest) {
    await startElsewhere();
    return;
  }
  const main = join(root, inCheckout ? 'src/cli/main.ts' : 'dist/cli/main.js');
  if (!existsSync(main)) {
    giveUp(
      `not built: \`${main}\` is missing\n  ${inCheckout ? 'this checkout has no command line' : 'install the package again'}`,
    );
    return;
  }
  silenceExperimentalWarnings();
  nodeModule.enableCompileCache();
  const cli = await import(pathToFileURL(main).href);
  process.exitCode = await cli.main(process.argv.slice(2));
}

/** On a Node that is too old: a checkout brings its own, a user has to. */
async function startElsewhere() {
  const { checkoutNode, runOn } = inCheckout ? await import('../tools/checkout-node.js') : {};
  const node = checkoutNode?.(root);
  if (node !== undefined) {
    process.exitCode = await runOn(node, process.argv.slice(1));
    return;
  }
  const remedy = inCheckout
    ? 'run `npm ci`: it brings its own Node'
    : `install Node ${oldest} or newer: https://nodejs.org`;
  giveUp(`needs Node ${oldest} or newer, and this is ${process.versions.node}\n  ${remedy}`);
}

await start();
