import type { CheckpointSigner } from '../../src/road/journal/note.ts';
import { emptyFrontier, type Frontier, leafHash, rootOf, withLeaf } from '../../src/road/journal/tree.ts';
import { canonicalJson, type JsonObject } from '../../src/model/json.ts';
import type { Dice } from './journal-dice.ts';

/** One line of an export, as an attacker who knows the format would hold it. */
export type Line =
  | { readonly kind: 'entry'; readonly entry: JsonObject; readonly leaf: string }
  | { readonly kind: 'checkpoint'; readonly note: string };

/** What a tampering did, and what the verifier has to say of it. */
export interface Tampered {
  readonly lines: readonly string[];
  /** The entry that was changed, dropped or moved, where there is one. The finding must not put the blame behind it. */
  readonly first?: number;
  /** The very index that the first finding must name. */
  readonly exactly?: number;
  /** Only a retained checkpoint can show it. */
  readonly needsRetained?: true;
}

export interface Target {
  readonly lines: readonly string[];
  /** The journal's own signer: for the attacker who has the key. */
  readonly signer: CheckpointSigner;
  /** The signer of somebody who has not. */
  readonly stranger: CheckpointSigner;
}

export type Tampering = (target: Target, dice: Dice) => Tampered | undefined;

export function parsed(lines: readonly string[]): Line[] {
  return lines.slice(1).map((line) => {
    const value = JSON.parse(line) as { entry?: JsonObject; leaf?: string; checkpoint?: string };
    if (value.checkpoint !== undefined) return { kind: 'checkpoint', note: value.checkpoint };
    return { kind: 'entry', entry: value.entry ?? {}, leaf: value.leaf ?? '' };
  });
}

export function written(lines: readonly Line[]): string[] {
  const size = lines.filter(({ kind }) => kind === 'entry').length;
  const texts = lines.map((line) =>
    canonicalJson(line.kind === 'entry' ? { entry: line.entry, leaf: line.leaf } : { checkpoint: line.note }),
  );
  return [canonicalJson({ schema: 'holdpoint/journal-export/v1', size }), ...texts];
}

/** Numbers and hashes made to fit what the lines now hold; checkpoints left as they are, or signed anew. */
export function refitted(lines: readonly Line[], signer?: CheckpointSigner): Line[] {
  let tree: Frontier = emptyFrontier;
  return lines.map((line): Line => {
    if (line.kind === 'checkpoint')
      return signer === undefined ? line : { kind: 'checkpoint', note: signer.sign(tree.size, rootOf(tree)) };
    const entry = { ...line.entry, index: tree.size };
    const leaf = leafHash(canonicalJson(entry));
    ({ tree } = withLeaf(tree, leaf));
    return { kind: 'entry', entry, leaf: leaf.toString('hex') };
  });
}

const entriesOf = (lines: readonly Line[]): number[] => lines.flatMap(({ kind }, at) => (kind === 'entry' ? [at] : []));
const checkpointsOf = (lines: readonly Line[]): number[] =>
  lines.flatMap(({ kind }, at) => (kind === 'checkpoint' ? [at] : []));

function changedEntry(line: Line | undefined, dice: Dice): Line | undefined {
  if (line?.kind !== 'entry') return undefined;
  const { entry } = line;
  const changes: readonly JsonObject[] = [
    { ...entry, principal: 'mallory' },
    { ...entry, kind: entry['kind'] === 'refused' ? 'settled' : 'refused' },
    { ...entry, body: { ...(entry['body'] as JsonObject), added: true } },
    {
      ...entry,
      at: dice.pick(['2026-01-01T00:00:00.001Z', '2025-12-31T23:59:59.999Z', '2031-01-01T00:00:00.000Z']),
    },
    { ...entry, extra: null },
  ];
  return { ...line, entry: dice.pick(changes) };
}

const position = (lines: readonly Line[], at: number): number => entriesOf(lines.slice(0, at)).length;

/** Every kind of tampering that J1 promises to show. Undefined where a journal is too short for it. */
export const tamperings: { readonly [name: string]: Tampering } = {
  'one character of the file': ({ lines }, dice) => {
    const at = dice.below(lines.length);
    const line = lines[at] ?? '';
    const column = dice.below(line.length);
    const other = dice.pick(['x', '0', ' ', '"', '\u0000', 'ü', '\u2028', '']);
    const text = line.slice(0, column) + other + line.slice(column + 1);
    return text === line ? undefined : { lines: lines.with(at, text) };
  },
  'an entry changed': (target, dice) => change(target, dice, 'text'),
  'an entry and its hash changed': (target, dice) => change(target, dice, 'leaf'),
  'an entry’s hash changed': ({ lines }, dice) => {
    const all = parsed(lines);
    const at = dice.pick(entriesOf(all));
    const line = all[at];
    if (line?.kind !== 'entry') return undefined;
    const leaf = leafHash(line.leaf).toString('hex');
    return { lines: written(all.with(at, { ...line, leaf })), exactly: position(all, at) };
  },
  'an entry dropped': ({ lines }, dice) => {
    const all = parsed(lines);
    const at = dice.pick(entriesOf(all));
    // Before a checkpoint the next line gives a range: the rest may as well have been renumbered.
    const shows = all[at + 1]?.kind === 'entry';
    return {
      lines: written(all.toSpliced(at, 1)),
      first: position(all, at),
      ...(shows ? { exactly: position(all, at) } : {}),
    };
  },
  'an entry dropped, the rest renumbered': ({ lines }, dice) => {
    const all = parsed(lines);
    const at = dice.pick(entriesOf(all));
    return { lines: written(refitted(all.toSpliced(at, 1))), first: position(all, at) };
  },
  'an entry doubled': ({ lines }, dice) => {
    const all = parsed(lines);
    const at = dice.pick(entriesOf(all));
    const line = all[at];
    return line && { lines: written(all.toSpliced(at + 1, 0, line)), exactly: position(all, at) };
  },
  'an entry made up, the rest renumbered': ({ lines }, dice) => {
    const all = parsed(lines);
    const at = dice.pick(entriesOf(all));
    const made = changedEntry(all[at], dice);
    return made && { lines: written(refitted(all.toSpliced(at, 0, made))), first: position(all, at) };
  },
  'two entries swapped': (target, dice) => swap(target, dice, false),
  'two entries swapped and renumbered': (target, dice) => swap(target, dice, true),
  'a checkpoint forged for what the entries now are': (target, dice) => change(target, dice, 'stranger'),
  'a checkpoint’s size or root changed': ({ lines }, dice) => {
    const all = parsed(lines);
    const at = dice.pick(checkpointsOf(all));
    const line = all[at];
    if (line?.kind !== 'checkpoint') return undefined;
    const [origin, size, root, ...rest] = line.note.split('\n');
    const note = dice
      .pick([
        [origin, Number(size) + 1, root, ...rest],
        [origin, size, leafHash('').toString('base64'), ...rest],
        [`${origin}x`, size, root, ...rest],
      ])
      .join('\n');
    return { lines: written(all.with(at, { kind: 'checkpoint', note })) };
  },
  'a checkpoint moved or doubled': ({ lines }, dice) => {
    const all = parsed(lines);
    const at = dice.pick(checkpointsOf(all));
    const line = all[at];
    const to = dice.below(all.length + 1);
    if (line === undefined || to === at || to === at + 1) return undefined;
    const moved = all.toSpliced(to, 0, line);
    return { lines: written(dice.below(2) === 0 ? moved : moved.toSpliced(at < to ? at : at + 1, 1)) };
  },
  'the last checkpoint dropped': ({ lines }) => {
    const all = parsed(lines);
    return { lines: written(all.toSpliced(all.length - 1, 1)) };
  },
  'cut off in the middle': ({ lines }, dice) => {
    const all = parsed(lines);
    const kept = all.slice(0, dice.below(all.length));
    if (kept.length === 0 || kept.at(-1)?.kind === 'checkpoint') return undefined;
    return { lines: dice.below(2) === 0 ? written(kept) : [lines[0] ?? '', ...lines.slice(1, kept.length + 1)] };
  },
  'cut short at a checkpoint, the head made to fit': ({ lines }, dice) => {
    const all = parsed(lines);
    const at = dice.pick([-1, ...checkpointsOf(all).slice(0, -1)]);
    return { lines: written(all.slice(0, at + 1)), first: position(all, at + 1), needsRetained: true };
  },
  'rewritten with the key itself': (target, dice) => change(target, dice, 'key'),
  'the head changed or dropped': ({ lines }, dice) =>
    dice.pick([
      { lines: lines.slice(1) },
      {
        lines: [
          canonicalJson({ schema: 'holdpoint/journal-export/v1', size: parsed(lines).length + 7 }),
          ...lines.slice(1),
        ],
      },
      { lines: [canonicalJson({ schema: 'holdpoint/journal-export/v2', size: 1 }), ...lines.slice(1)] },
      { lines: [] },
    ]),
};

function change(
  { lines, signer, stranger }: Target,
  dice: Dice,
  how: 'text' | 'leaf' | 'stranger' | 'key',
): Tampered | undefined {
  const all = parsed(lines);
  const at = dice.pick(entriesOf(all));
  const changed = changedEntry(all[at], dice);
  if (changed === undefined) return undefined;
  const now = all.with(at, changed);
  const first = position(all, at);
  if (how === 'text') return { lines: written(now), exactly: first };
  if (how === 'leaf') return { lines: written(refitted(now)), first };
  if (how === 'stranger') return { lines: written(refitted(now, stranger)) };
  return { lines: written(refitted(now, signer)), first, needsRetained: true };
}

function swap({ lines }: Target, dice: Dice, renumber: boolean): Tampered | undefined {
  const all = parsed(lines);
  const [one, two] = [dice.pick(entriesOf(all)), dice.pick(entriesOf(all))].sort((a, b) => a - b);
  const [left, right] = [all[one ?? 0], all[two ?? 0]];
  if (one === undefined || two === undefined || one === two || left === undefined || right === undefined)
    return undefined;
  const swapped = all.with(one, right).with(two, left);
  const first = position(all, one);
  return renumber ? { lines: written(refitted(swapped)), first } : { lines: written(swapped), exactly: first };
}
