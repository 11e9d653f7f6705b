import { canonicalText, isObject, parseCanonical } from './canonical.ts';
import { GrowingTree, hashLeaf } from './merkle.ts';
import { type Checkpoint, openCheckpoint, parseVerifierKey, type VerifierKey } from './note.ts';
import { Findings, type Report } from './report.ts';

export interface Evidence {
  /** Lines of an exported journal: a head, then entries and checkpoints as `exportJournal` writes them. */
  readonly entries: AsyncIterable<string> | Iterable<string>;
  /** The journal's public key as `<name>+<key id>+<base64>`, from a human or a file of theirs, never from the export. */
  readonly publicKey: string;
  /** Checkpoints that a witness kept. Only against these does a journal that was cut short or replaced show. */
  readonly retained?: Iterable<string>;
}

/**
 * Checks an exported journal against its signatures, its own numbering and retained checkpoints (J1). Shares no code with
 * what wrote it. Never rejects: whatever the input is, what is wrong with it is a finding.
 */
export async function verifyJournal(evidence: Evidence): Promise<Report> {
  const findings = new Findings();
  const key = parseVerifierKey(evidence.publicKey);
  const examination = new Examination(findings, key);
  try {
    if (key === undefined)
      findings.add('key', 'the public key is not an Ed25519 verifier key; expected `<name>+<key id>+<base64>`');
    for (const note of evidence.retained ?? []) examination.retain(note);
    for await (const line of evidence.entries) examination.read(line);
    examination.end();
  } catch {
    findings.add('unreadable', 'the journal could not be read to its end');
  }
  return examination.report();
}

class Examination {
  readonly #findings: Findings;
  readonly #key: VerifierKey | undefined;
  readonly #tree = new GrowingTree();
  readonly #retained = new Map<number, Buffer>();
  #retainedCount = 0;
  #line = 0;
  /** What the head says how many entries there are. */
  #declared: number | undefined;
  #expected = 0;
  #lastAt = '';
  #checkpoints = 0;
  #lastCheckpoint = 0;
  /** Entries under a checkpoint of the export whose signature and root are good. */
  #signed = 0;
  /** Entries under any good checkpoint, retained ones too: what is bad lies behind them. */
  #good = 0;
  /** Entries under a retained checkpoint that fits. */
  #witnessed = 0;
  /** Something is wrong with the sequence itself: roots cannot fit from here on, and saying so again tells nothing. */
  #derailed = false;

  constructor(findings: Findings, key: VerifierKey | undefined) {
    this.#findings = findings;
    this.#key = key;
  }

  retain(note: unknown): void {
    const head = this.#open(note);
    this.#retainedCount += 1;
    const at = `retained checkpoint ${this.#retainedCount}`;
    if (head === undefined) {
      this.#findings.add('forged', `${at} was not signed by this key`);
      return;
    }
    const other = this.#retained.get(head.size);
    if (other !== undefined && !other.equals(head.root)) {
      this.#findings.add('fork', `${at} and another over ${head.size} entries are both signed, and differ`, {
        before: head.size,
      });
    }
    this.#retained.set(head.size, head.root);
    if (head.size === 0) this.#compareRetained();
  }

  read(line: unknown): void {
    this.#line += 1;
    const value = typeof line === 'string' ? parseCanonical(line) : undefined;
    const names = value === undefined ? '' : Object.keys(value).join(' ');
    if (this.#line === 1) this.#readHead(value, names);
    else if (value !== undefined && names === 'entry leaf') this.#readEntry(value['entry'], value['leaf']);
    else if (value !== undefined && names === 'checkpoint') this.#readCheckpoint(value['checkpoint']);
    else
      this.#bad('malformed', 'the line is neither an entry nor a checkpoint in canonical JSON', {
        index: this.#expected,
      });
  }

  end(): void {
    const { size } = this.#tree;
    if (this.#line === 0) this.#findings.add('malformed', 'there is nothing to verify: not one line');
    if (this.#declared !== undefined && this.#declared !== size) {
      this.#findings.add('missing', `the head says ${this.#declared} entries, there are ${size}`, {
        index: Math.min(size, this.#declared),
      });
    }
    const beyond = [...this.#retained.keys()].filter((retained) => retained > size);
    if (beyond.length > 0) {
      this.#findings.add(
        'truncated',
        `a retained checkpoint covers ${Math.max(...beyond)} entries, there are ${size}`,
        { index: size },
      );
    }
    if (this.#signed < size && !this.#derailed) {
      const place = { index: this.#signed, before: size };
      this.#findings.add('unsigned', `no checkpoint covers the entries from ${this.#signed} on`, place);
    }
  }

  report(): Report {
    return this.#findings.report({
      entries: this.#tree.size,
      signed: this.#signed,
      root: this.#tree.root().toString('base64'),
      checkpoints: this.#checkpoints,
      retained: this.#retainedCount,
    });
  }

  #readHead(value: { readonly [key: string]: unknown } | undefined, names: string): void {
    const size = value?.['size'];
    if (names !== 'schema size' || value?.['schema'] !== 'holdpoint/journal-export/v1' || !isIndex(size)) {
      this.#bad('malformed', 'the first line is not the head of a journal export');
      return;
    }
    this.#declared = size;
  }

  #readEntry(entry: unknown, leaf: unknown): void {
    if (!isObject(entry) || entry['schema'] !== 'holdpoint/entry/v1' || !isIndex(entry['index']) || !isHex(leaf)) {
      this.#bad('malformed', 'the line does not hold an entry', { index: this.#expected });
      return;
    }
    this.#checkPlace(entry['index']);
    const stored = Buffer.from(leaf, 'hex');
    if (hashLeaf(canonicalText(entry)).equals(stored)) {
      this.#checkTime(entry['index'], entry['at']);
    } else {
      this.#bad('changed', 'the entry is not the one that its hash was made of', { index: entry['index'] });
    }
    // With the stored hash the roots still fit when only this entry's text was changed: no other entry is in doubt then.
    this.#tree.add(stored);
    this.#compareRetained();
  }

  #checkTime(index: number, at: unknown): void {
    if (typeof at !== 'string' || !isTime(at)) {
      this.#bad('malformed', 'the entry has no time', { index });
    } else if (at < this.#lastAt) {
      // Either of the two can be the one whose time was changed.
      const place = { index: Math.max(0, index - 1), before: index + 1 };
      this.#bad('time', `entry ${index} is older than the one before it`, place);
    } else {
      this.#lastAt = at;
    }
  }

  #checkPlace(index: number): void {
    if (index > this.#expected) {
      this.#bad('missing', `entries are missing before entry ${index}`, { index: this.#expected, before: index });
      this.#derailed = true;
    } else if (index < this.#expected) {
      this.#bad('misplaced', `entry ${index} stands again, or too late`, { index });
      this.#derailed = true;
    }
    this.#expected = Math.max(this.#expected, index + 1);
  }

  #readCheckpoint(note: unknown): void {
    this.#checkpoints += 1;
    const head = this.#open(note);
    if (head === undefined) {
      this.#bad('forged', 'the checkpoint was not signed by this key');
      return;
    }
    const { size } = this.#tree;
    if (head.size <= this.#lastCheckpoint)
      this.#bad('misplaced', `a checkpoint over ${head.size} entries stands again, or too late`);
    this.#lastCheckpoint = Math.max(this.#lastCheckpoint, head.size);
    if (this.#derailed) return;
    if (head.size !== size) {
      const place = { index: this.#good, before: Math.max(size, head.size) };
      this.#bad('misplaced', `a checkpoint over ${head.size} entries stands after ${size}`, place);
      this.#derailed = true;
    } else if (head.root.equals(this.#tree.root())) {
      this.#signed = size;
      this.#good = size;
    } else {
      this.#bad('changed', `the entries do not give the root that was signed over ${size} of them`, {
        index: this.#good,
        before: size,
      });
      this.#derailed = true;
    }
  }

  /** Compares with a retained checkpoint over exactly as many entries as were read. */
  #compareRetained(): void {
    const { size } = this.#tree;
    const retained = this.#retained.get(size);
    if (retained === undefined || this.#derailed) return;
    if (retained.equals(this.#tree.root())) {
      this.#good = size;
      this.#witnessed = size;
    } else {
      // Whoever has the key can sign what they like: only what a witness has seen too is out of doubt.
      const place = { index: this.#witnessed, before: size };
      this.#findings.add('fork', `a retained checkpoint over ${size} entries was signed for others than these`, place);
      this.#derailed = true;
    }
  }

  #open(note: unknown): Checkpoint | undefined {
    return typeof note === 'string' && this.#key !== undefined ? openCheckpoint(note, this.#key) : undefined;
  }

  #bad(
    kind: Parameters<Findings['add']>[0],
    message: string,
    place: { readonly index?: number; readonly before?: number } = {},
  ): void {
    this.#findings.add(kind, message, { line: this.#line, ...place });
  }
}

function isIndex(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isHex(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
}

function isTime(text: string): boolean {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(text);
}
