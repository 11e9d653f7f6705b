import { ConfigError, readConfig, type ConfigProblem } from './config.ts';
import { explainable, explainText, type ExplainAsked } from './explain.ts';
import { providers } from './providers.ts';
import type { ExplainedLine } from '../contract/api.ts';
import type { OperationClass } from '../contract/provider.ts';
import type { Json } from '../model/json.ts';
import { refusalIn } from '../model/refusal.ts';
import { decodeUtf8, readStrictJson, type StrictJson } from '../languages/graphql/index.ts';
import { loadPolicy, PolicyError, type PolicyFinding } from '../road/policy/policy.ts';

/** A line as it was read, or what has to be answered to one that cannot be. */
export type ReadLine =
  | { readonly asked: { readonly id: string | number | null } & Omit<ExplainAsked, 'id' | 'about'> }
  | { readonly refused: ExplainedLine };

/** What the command line can say without a daemon: the same reading and judging, with the policy that ships. */
export interface Offline {
  /** One line of JSON: `{"id","text","variables"?}`. Never throws. */
  readLine(line: Uint8Array): ReadLine;
  /** Never throws: what is not understood is `unknown` and denied. */
  explainLine(about: string, line: Uint8Array): ExplainedLine;
  /** Operations of a provider; undefined when there is none of that name. */
  catalogue(about: string): readonly OperationClass[] | undefined;
  /** What a text can be about: names of providers, and of the languages that they speak. */
  readonly known: readonly string[];
  /** Names of the gates at which these operations and presets are met. */
  gatesOf(names: readonly string[]): readonly string[];
  /** Words people use → the operations they mean, of all providers. */
  readonly presets: { readonly [name: string]: readonly string[] };
}

export function openOffline(): Offline {
  const policy = loadPolicy();
  return {
    presets: Object.assign({}, ...providers.map((one) => one.presets)) as Offline['presets'],
    known: explainable(providers),
    gatesOf: (names) => [...new Set(names.flatMap(gateOf))].sort(),
    catalogue: (about) => providers.find((one) => one.name === about)?.catalogue,
    readLine,
    explainLine(about, bytes) {
      const read = readLine(bytes);
      if ('refused' in read) return read.refused;
      const { id, text, variables } = read.asked;
      return { ...explainText(providers, policy, { id: '', about, text, variables }), id };
    },
  };
}

/** A provider without hosts is met at the gate that speaks its own wire. `all` is everything. */
function gateOf(name: string): readonly string[] {
  return providers.flatMap((one) => {
    const gate = one.hosts.length > 0 ? 'http' : one.name;
    return name === 'all' || name.startsWith(`${one.name}:`) ? [gate] : [];
  });
}

function readLine(bytes: Uint8Array): ReadLine {
  let id: string | number | null = null;
  try {
    const line = readStrictJson(decodeUtf8(bytes));
    id = idIn(line);
    return { asked: { id, ...askedIn(line) } };
  } catch (thrown) {
    const reason = thrown instanceof LineError ? thrown.message : refusalIn(thrown).detail;
    const reasons = [`the line could not be read: ${reason}`];
    return { refused: { id, reversibility: 'unknown', decision: 'deny', actions: [], reasons } };
  }
}

class LineError extends Error {}

function idIn(line: StrictJson): string | number | null {
  const id = isRecord(line) ? line['id'] : undefined;
  return typeof id === 'string' || typeof id === 'number' ? id : null;
}

function askedIn(line: StrictJson): { text: string; variables?: { readonly [name: string]: Json } } {
  if (!isRecord(line)) throw new LineError('it is not an object');
  const { text, variables } = line;
  if (typeof text !== 'string') throw new LineError('`text` is missing or not a string');
  if (variables === undefined || variables === null) return { text };
  if (!isRecord(variables)) throw new LineError('`variables` is not an object');
  return { text, variables };
}

function isRecord(value: unknown): value is { [key: string]: StrictJson } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What is wrong with the text of a `holdpoint.yaml`; nothing when it is good. */
export function configProblems(text: string): readonly ConfigProblem[] {
  try {
    readConfig(text, { proposed: true });
    return [];
  } catch (thrown) {
    if (thrown instanceof ConfigError) return thrown.problems;
    throw thrown;
  }
}

/** The `*.cedar` files of a directory with their texts, and what is wrong with them; nothing when they are good. */
export function readPolicies(directory: string): {
  readonly files: { readonly [name: string]: string };
  readonly version: string | undefined;
  readonly findings: readonly PolicyFinding[];
} {
  try {
    const { files, version } = loadPolicy({ dir: directory });
    return { files: Object.fromEntries(files.map(({ name, text }) => [name, text])), version, findings: [] };
  } catch (thrown) {
    if (thrown instanceof PolicyError) return { files: {}, version: undefined, findings: thrown.findings };
    throw thrown;
  }
}
