import { readFileSync, statSync } from 'node:fs';
import { Api } from './api/api.ts';
import { listenersOn } from './api/listener.ts';
import { Complaint, misused } from './complaint.ts';
import { exitCode, type ExitCode } from './exit-code.ts';
import { findPlaces, notRunning, readRunning, type Places } from './places.ts';
import type { Output } from './terminal/output.ts';

/** The words of a command, in order; one that takes several is a list. */
export type Words = readonly (string | readonly string[] | undefined)[];

type Environment = { readonly [name: string]: string | undefined };

/** One command as it was given: its words, its options, where it writes, and the daemon it is about. */
export class Invocation {
  readonly out: Output;
  readonly env: Environment;
  /** Everything behind `--`, as it stood. */
  readonly afterDashes: readonly string[];
  readonly #words: Words;
  readonly #options: { readonly [name: string]: unknown };

  constructor(given: {
    readonly out: Output;
    readonly env: Environment;
    readonly words: Words;
    readonly options: { readonly [name: string]: unknown };
    readonly afterDashes: readonly string[];
  }) {
    this.out = given.out;
    this.env = given.env;
    this.#words = given.words;
    this.#options = given.options;
    this.afterDashes = given.afterDashes;
  }

  /** The argument at a place; undefined where it was left out. */
  word(index: number): string | undefined {
    const word = this.#words[index];
    return typeof word === 'string' ? word : undefined;
  }

  /** An argument that the command line grammar has made sure of. */
  needed(index: number): string {
    return this.word(index) ?? '';
  }

  /** By the name on the command line or its camel-cased one, under which the grammar keeps it. */
  #given(option: string): unknown {
    return this.#options[option.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase())];
  }

  text(option: string): string | undefined {
    const value = this.#given(option);
    return typeof value === 'string' ? value : undefined;
  }

  flag(option: string): boolean {
    return this.#given(option) === true;
  }

  /** Whether `--no-<option>` was given. */
  isRefused(option: string): boolean {
    return this.#given(option) === false;
  }

  list(option: string): readonly string[] {
    const value = this.#given(option);
    return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
  }

  /** Milliseconds of `20s`, `15m`, `8h`, `3d`. */
  duration(option: string, otherwise: number): number {
    const text = this.text(option);
    if (text === undefined) return otherwise;
    const [, count = '', unit = ''] = /^(\d{1,6})(s|m|h|d)$/.exec(text) ?? [];
    const each = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }[unit];
    if (each === undefined) throw misused(`\`${text}\` is no duration`, 'write a number and s, m, h or d: 8h');
    return Number(count) * each;
  }

  get isRoot(): boolean {
    return process.getuid?.() === 0;
  }

  get places(): Places {
    return findPlaces(this.text('data'), this.env, this.isRoot);
  }

  /** The daemon, spoken to with the token of the environment or of the data directory. Throws `Complaint`. */
  api(): Api {
    const { places } = this;
    const address = this.env['HOLDPOINT_URL'];
    const given = this.env['HOLDPOINT_TOKEN'];
    const token = given !== undefined && given !== '' ? given.trim() : undefined;
    if (address !== undefined && address !== '') return new Api(address, token ?? readHumanToken(places));
    const running = readRunning(places);
    if (running === undefined) throw notRunning(places, this.env);
    refuseStranger(places, running.api);
    return new Api(running.api, token ?? readHumanToken(places));
  }
}

export type Run = (invocation: Invocation) => Promise<ExitCode>;

function readHumanToken(places: Places): string {
  try {
    return readFileSync(places.humanToken, 'utf8').trim();
  } catch (cause) {
    throw new Complaint(
      `the token of the human at this machine cannot be read: \`${places.humanToken}\``,
      'run this with sudo where `sudo holdpoint up` started it, else as the account that did; an agent sets HOLDPOINT_TOKEN to its own token',
      { exit: exitCode.denied, cause },
    );
  }
}

/** While the daemon is down another OS user could listen on its port, and would be sent the token. */
export function refuseStranger(places: Places, address: string): void {
  const owner = statSync(places.running, { throwIfNoEntry: false })?.uid;
  const owners = listenersOn(Number(new URL(address).port));
  if (owner === undefined || owners.size === 0 || (owners.size === 1 && owners.has(owner))) return;
  throw new Complaint(
    `another OS user than the daemon's listens at ${address}; no token was sent`,
    'find out what listens there, stop it, and start the daemon again: holdpoint up',
    { exit: exitCode.unavailable },
  );
}
