// The Node that a checkout brings (tools/runtime). Plain JavaScript, because it is read by whatever Node there is: npm 10
// removes the link node_modules/.bin/node again when it drops the same package for other platforms, so scripts that trust
// PATH alone would run on the machine's own Node.
import { spawn } from 'node:child_process';
import { existsSync, fstatSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, dirname, join } from 'node:path';

/**
 * Path of the checkout's own Node; undefined before `npm ci`, and on a platform it has none for.
 * @param {string} root the checkout
 * @returns {string | undefined}
 */
export function checkoutNode(root) {
  const place = `${process.platform}-${process.arch}`;
  const packages = [`node-${place}`, `node-bin-${place}`];
  return packages.map((name) => join(root, 'node_modules', name, 'bin/node')).find((path) => existsSync(path));
}

/**
 * The open file descriptors that the arguments name (`--passphrase-fd 3`, `/dev/fd/4`), each at its own number: what the
 * child is given beside input and output. The others are Node's own.
 * @param {string[]} args
 * @returns {('inherit' | 'ignore' | number)[]}
 */
function descriptors(args) {
  const dashes = args.indexOf('--');
  const line = args.slice(0, dashes === -1 ? args.length : dashes).join('\n');
  const named = [...line.matchAll(/^--[\w-]+-fd[\n=](\d{1,3})$|\/dev\/fd\/(\d{1,3})$/gm)]
    .map(([, option, path]) => Number(option ?? path))
    .filter((fd) => fd > 2 && isOpen(fd));
  const last = Math.max(2, ...named);
  return Array.from({ length: last + 1 }, (_, fd) => (fd <= 2 ? 'inherit' : named.includes(fd) ? fd : 'ignore'));
}

/**
 * @param {number} fd
 */
function isOpen(fd) {
  try {
    fstatSync(fd);
    return true;
  } catch {
    return false;
  }
}

/**
 * Runs Node with these arguments, on this process's input and output and the descriptors that the arguments name, first on PATH for whatever it starts.
 * @param {string} node path of the program
 * @param {string[]} args
 * @returns {Promise<number>} its exit code, 128 + the signal's number if a signal ended it
 */
export function runOn(node, args) {
  const env = { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ''}` };
  const child = spawn(node, args, { env, stdio: descriptors(args) });
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal ?? 'SIGKILL']));
  });
}
