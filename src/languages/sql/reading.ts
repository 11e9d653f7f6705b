import { NameGatherer } from './names.ts';
import type { Operation } from './operations.ts';
import type { Parser } from './parser.ts';
import {
  type Facts,
  type Holding,
  type Inner,
  type Inverse,
  type ObjectName,
  type Part,
  type RelationRole,
  type Statement,
  type StatementClass,
  worseClass,
} from './statement.ts';
import type { TextSettings } from './text-settings.ts';
import type { Tagged, Tree } from './tree.ts';
import { quoted } from './words.ts';
import type { Trait } from '../../model/action.ts';

/** CTE names in sight, innermost first. A relation of that name, unqualified and read, is the CTE. */
export interface Scope {
  readonly names: ReadonlySet<string>;
  readonly outer: Scope | undefined;
}

/** Where in a statement the walk stands. */
export interface Place {
  readonly scope: Scope | undefined;
  /** What a relation that is met here is named for. */
  readonly role: RelationRole;
}

export const atTop: Place = { scope: undefined, role: 'read' };
/** In a definition: what is named is neither read nor changed. */
export const inDefinition: Place = { scope: undefined, role: 'refer' };

export type Reader = (tree: Tree, reading: Reading, place: Place) => void;
export type Readers = Readonly<Record<string, Reader>>;

/** What readers need of the rest of the room. */
export interface Context {
  readonly settings: TextSettings;
  readonly parser: Parser;
  /** Bodies around this one. */
  readonly bodies: number;
  /** Reads a query where one stands within a statement. */
  readonly nested: (node: Tagged, reading: Reading, place: Place) => void;
  /** Reads a node as a statement of its own. */
  readonly alone: (node: Tagged, text: string, context: Context) => Statement;
  /** Reads text that a statement carries. Throws what the parser throws. */
  readonly text: (text: string, context: Context) => readonly Statement[];
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

export interface NewPart {
  readonly operation: Operation;
  readonly sentence: string;
  readonly class?: StatementClass;
  readonly destroys?: boolean;
  readonly inverse?: Inverse;
  readonly traits?: readonly Trait[];
  readonly on?: ObjectName;
}

/** One statement while it is read. */
export class Reading {
  readonly names = new NameGatherer();
  readonly parts: Part[] = [];
  readonly inner: Inner[] = [];
  readonly context: Context;
  /** The statement's own text. */
  readonly text: string;
  parameters = 0;
  depth = 0;
  readonly facts: Writable<Facts> = {
    returnsRows: false,
    returning: false,
    unbounded: false,
    writingCte: false,
    withHold: false,
    cascade: false,
    concurrently: false,
    transactionControl: false,
    dynamic: false,
    opaque: false,
    plants: false,
    definer: false,
    temporary: false,
    replaces: false,
    ifExists: false,
    several: false,
  };

  constructor(text: string, context: Context) {
    this.text = text;
    this.context = context;
  }

  /** Adds an act. Without more said it is `provisional`, destroys nothing and leaves nothing to put back. */
  part(part: NewPart): void {
    if (part.on !== undefined) Object.freeze(Object.freeze(part.on).path);
    this.parts.push(
      Object.freeze({
        operation: part.operation,
        class: part.class ?? 'provisional',
        destroys: part.destroys ?? false,
        inverse: part.inverse ?? 'nothing',
        traits: Object.freeze([...(part.traits ?? [])]),
        ...(part.on === undefined ? {} : { on: part.on }),
        sentence: part.sentence,
      }),
    );
  }

  /** Names an object and gives it back for a part. */
  object(kind: string, path: readonly string[], signature?: readonly string[]): ObjectName {
    const name: ObjectName =
      signature === undefined ? { kind, path } : { kind, path, signature: Object.freeze([...signature]) };
    this.names.object(name);
    return name;
  }

  /** A relation's name for a part; the relation itself is named with its role. */
  relation(kind: string, path: readonly string[], role: RelationRole, only = false): ObjectName {
    this.names.relation({ role, path, only });
    return Object.freeze({ kind, path });
  }

  /** Takes in a statement that this one holds; unless it is only planted, all it does counts here too. */
  hold(holding: Holding, statement: Statement): void {
    this.inner.push(Object.freeze({ holding, statement }));
    this.parameters = Math.max(this.parameters, statement.parameters);
    if (holding === 'plants') return;
    this.names.merge(statement.names);
    const { facts } = statement;
    this.facts.writingCte ||= facts.writingCte;
    this.facts.unbounded ||= facts.unbounded;
    this.facts.cascade ||= facts.cascade;
    this.facts.plants ||= facts.plants;
    this.facts.definer ||= facts.definer;
    this.facts.dynamic ||= facts.dynamic;
    this.facts.opaque ||= facts.opaque;
    this.facts.transactionControl ||= facts.transactionControl;
    this.facts.withHold ||= facts.withHold;
    if (facts.rowLock !== undefined) this.facts.rowLock = facts.rowLock;
  }

  /** Counts the acts of a statement that runs with this one as acts of this one. */
  take(statement: Statement): void {
    for (const part of statement.parts) this.parts.push(part);
  }

  /** The worst of the parts; `unknown` when there is none. */
  class(): StatementClass {
    return this.parts.length === 0
      ? 'unknown'
      : this.parts.map((part) => part.class).reduce((worst, one) => worseClass(worst, one));
  }
}

/** ` of `orders``, or nothing for what has no name. */
export function of(path: readonly string[]): string {
  return path.length === 0 ? '' : ` ${quoted(path)}`;
}
