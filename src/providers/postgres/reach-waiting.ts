import type { Named, Writing } from './reach-named.ts';

/** A relation that is asked about, with what is done to it. */
export type WaitingRelation = Named & { readonly writing: Writing };

/** What waits to be asked about; each thing is asked about once. */
export class Waiting {
  #relations: WaitingRelation[] = [];
  #functions: Named[] = [];
  #operators: Named[] = [];
  #types: Named[] = [];
  #attributes: Named[] = [];
  #typeOids = new Set<string>();
  #functionOids = new Set<string>();
  /** Whether a statement was met that event triggers hear of: they are asked for once. */
  #heard: 'no' | 'yes' | 'asked' = 'no';
  readonly #seenFunctions = new Set<string>();
  readonly #seenTypes = new Set<string>();
  readonly #seenNames = new Set<string>();

  get open(): boolean {
    return (
      this.#relations.length + this.#functions.length + this.#operators.length + this.#types.length > 0 ||
      this.#typeOids.size + this.#functionOids.size + this.#attributes.length > 0 ||
      this.#heard === 'yes'
    );
  }

  relation(named: Named, writing: Writing): void {
    if (this.#fresh(`r${writing}`, named)) this.#relations.push({ ...named, writing });
  }

  /** A call may also be a cast to a type of that name. */
  callable(named: Named): void {
    if (this.#fresh('f', named)) this.#functions.push(named);
    this.type(named);
  }

  operator(named: Named): void {
    if (this.#fresh('o', named)) this.#operators.push(named);
  }

  type(named: Named): void {
    if (this.#fresh('t', named)) this.#types.push(named);
  }

  attribute(named: Named): void {
    if (this.#fresh('a', named)) this.#attributes.push(named);
  }

  typeOid(oid: string): void {
    if (!this.#seenTypes.has(oid)) this.#typeOids.add(oid);
  }

  functionOid(oid: string | null | undefined): void {
    if (oid && oid !== '0' && !this.#seenFunctions.has(oid)) this.#functionOids.add(oid);
  }

  eventTriggers(): void {
    if (this.#heard === 'no') this.#heard = 'yes';
  }

  /** False for a type that was met before. */
  metType(oid: string): boolean {
    if (this.#seenTypes.has(oid)) return false;
    this.#seenTypes.add(oid);
    return true;
  }

  // Each hands out what waits, which by that waits no longer.

  takeEventTriggers(): boolean {
    if (this.#heard !== 'yes') return false;
    this.#heard = 'asked';
    return true;
  }

  takeRelations(): readonly WaitingRelation[] {
    const taken = this.#relations;
    this.#relations = [];
    return taken;
  }

  takeFunctions(): readonly Named[] {
    const taken = this.#functions;
    this.#functions = [];
    return taken;
  }

  takeOperators(): readonly Named[] {
    const taken = this.#operators;
    this.#operators = [];
    return taken;
  }

  takeTypes(): { readonly named: readonly Named[]; readonly oids: readonly string[] } {
    const named = this.#types;
    const oids = [...this.#typeOids].filter((oid) => !this.#seenTypes.has(oid));
    this.#types = [];
    this.#typeOids.clear();
    return { named, oids };
  }

  takeAttributes(): readonly Named[] {
    const taken = this.#attributes;
    this.#attributes = [];
    return taken;
  }

  takeDefinitions(): readonly string[] {
    const taken = [...this.#functionOids];
    this.#functionOids.clear();
    for (const oid of taken) this.#seenFunctions.add(oid);
    return taken;
  }

  #fresh(kind: string, named: Named): boolean {
    const key = JSON.stringify([kind, named.schema, named.name, named.schema === null ? named.path : []]);
    if (this.#seenNames.has(key)) return false;
    this.#seenNames.add(key);
    return true;
  }
}
