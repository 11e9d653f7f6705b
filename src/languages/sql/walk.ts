import { fieldTypes, nodeManners, nodesSince } from './grammar.ts';
import { nameOne } from './naming.ts';
import { sqlLimits } from './parser.ts';
import type { Place, Reading } from './reading.ts';
import { isTree, tagged, type Tagged, type Tree, Unread } from './tree.ts';

/** Statements that may stand within another one. */
const queries: ReadonlySet<string> = new Set(['SelectStmt', 'InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt']);

interface Step {
  readonly kind: string;
  readonly tree: Tree;
  readonly depth: number;
}

/**
 * Visits everything below a node and names what it names. Whatever has no line in the grammar throws `Unread`. It keeps its
 * own stack, so depth costs no frames; only queries within queries recurse.
 */
export function walk(kind: string, tree: Tree, reading: Reading, place: Place, leaveOut: readonly string[] = []): void {
  const steps: Step[] = [];
  pushFields({ kind, tree, depth: reading.depth }, steps, leaveOut);
  drain(steps, reading, place);
}

/** Visits a value: a tagged node, or a list of them. */
export function walkValue(value: unknown, reading: Reading, place: Place): void {
  const steps: Step[] = [];
  pushValue(value, undefined, reading.depth, steps);
  drain(steps, reading, place);
}

function drain(steps: Step[], reading: Reading, place: Place): void {
  steps.reverse();
  for (let step = steps.pop(); step !== undefined; step = steps.pop()) {
    if (step.depth > sqlLimits.depth * 8) throw new Unread('it is nested too deeply');
    if (queries.has(step.kind)) {
      enterQuery(step, reading, place);
      continue;
    }
    const manner = nodeManners.get(step.kind);
    if (manner === undefined || manner === 'never') throw new Unread('it holds a node that is not known here');
    refuseNewer(step.kind, reading);
    if (manner === 'leaf') continue;
    const leaveOut = manner === 'named' ? nameOne(step.kind, step.tree, reading, place) : [];
    const below: Step[] = [];
    pushFields(step, below, leaveOut);
    for (let at = below.length - 1; at >= 0; at -= 1) {
      const next = below[at];
      if (next !== undefined) steps.push(next);
    }
  }
}

/** Throws `Unread` for syntax that the server at hand does not have: it would read something else there. */
export function refuseNewer(kind: string, reading: Reading): void {
  const since = nodesSince.get(kind);
  if (since !== undefined && reading.context.settings.serverMajor < since) {
    throw new Unread('it uses syntax that this server reads as something else, or not at all');
  }
}

function enterQuery(step: Step, reading: Reading, place: Place): void {
  if (reading.depth > sqlLimits.depth) throw new Unread('it is nested too deeply');
  reading.depth += 1;
  reading.context.nested({ kind: step.kind, tree: step.tree }, reading, { ...place, role: 'read' });
  reading.depth -= 1;
}

function pushFields(step: Step, steps: Step[], leaveOut: readonly string[]): void {
  for (const field in step.tree) {
    const value = step.tree[field];
    if (typeof value !== 'object' || value === null || leaveOut.includes(field)) continue;
    pushValue(value, fieldTypes.get(`${step.kind}.${field}`), step.depth + 1, steps);
  }
}

function pushValue(value: unknown, type: string | undefined, depth: number, steps: Step[]): void {
  if (Array.isArray(value)) {
    for (const one of value) pushValue(one, undefined, depth, steps);
    return;
  }
  if (type !== undefined) {
    if (!isTree(value)) throw new Unread('a node is not an object');
    steps.push({ kind: type, tree: value, depth });
    return;
  }
  const node = tagged(value);
  if (node !== undefined) steps.push({ ...node, depth });
}

/** A tagged node as a query of its own; used where a statement holds exactly one. */
export function queryIn(tree: Tree, field: string): Tagged {
  const node = tagged(tree[field]);
  if (node === undefined) throw new Unread(`there is no \`${field}\``);
  return node;
}
