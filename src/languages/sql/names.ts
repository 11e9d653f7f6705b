import type { FunctionName, Names, ObjectName, OperatorName, RelationName, TypeName } from './statement.ts';

/** Gathers the names of one statement, each once. */
export class NameGatherer {
  readonly #seen = new Set<string>();
  readonly #relations: RelationName[] = [];
  readonly #functions: FunctionName[] = [];
  readonly #operators: OperatorName[] = [];
  readonly #types: TypeName[] = [];
  readonly #collations: (readonly string[])[] = [];
  readonly #operatorClasses: (readonly string[])[] = [];
  readonly #objects: ObjectName[] = [];
  readonly #attributes: string[] = [];
  readonly #cursors: string[] = [];
  readonly #prepared: string[] = [];

  relation(name: RelationName): void {
    if (this.#isNew('r', name.role, name.only, ...name.path)) this.#relations.push(frozen(name));
  }

  function(name: FunctionName): void {
    const key = name.arguments.length === 0 ? '' : JSON.stringify(name.arguments);
    if (this.#isNew('f', name.use, name.variadic, key, ...name.path))
      this.#functions.push(frozen({ ...name, arguments: frozenAll(name.arguments) }));
  }

  operator(name: OperatorName): void {
    if (this.#isNew('o', name.operands, name.implied, ...name.path)) this.#operators.push(frozen(name));
  }

  type(name: TypeName): void {
    if (this.#isNew('t', name.ofColumn, ...name.path)) this.#types.push(frozen(name));
  }

  collation(path: readonly string[]): void {
    if (this.#isNew('c', ...path)) this.#collations.push(Object.freeze(path));
  }

  operatorClass(path: readonly string[]): void {
    if (this.#isNew('k', ...path)) this.#operatorClasses.push(Object.freeze(path));
  }

  object(name: ObjectName): void {
    const signature = name.signature === undefined ? '' : JSON.stringify(name.signature);
    if (this.#isNew('b', name.kind, signature, ...name.path)) this.#objects.push(frozen(name));
  }

  attribute(name: string): void {
    if (this.#isNew('a', name)) this.#attributes.push(name);
  }

  cursor(name: string): void {
    if (this.#isNew('u', name)) this.#cursors.push(name);
  }

  prepared(name: string): void {
    if (this.#isNew('p', name)) this.#prepared.push(name);
  }

  /** Takes over what another statement names. */
  merge(names: Names): void {
    for (const one of names.relations) this.relation(one);
    for (const one of names.functions) this.function(one);
    for (const one of names.operators) this.operator(one);
    for (const one of names.types) this.type(one);
    for (const one of names.collations) this.collation(one);
    for (const one of names.operatorClasses) this.operatorClass(one);
    for (const one of names.objects) this.object(one);
    for (const one of names.attributes) this.attribute(one);
    for (const one of names.cursors) this.cursor(one);
    for (const one of names.prepared) this.prepared(one);
  }

  /** Relations that are read, so far. */
  reads(): readonly (readonly string[])[] {
    return this.#relations.filter(({ role }) => role === 'read').map(({ path }) => path);
  }

  /** Everything gathered; nothing can be added after. */
  names(): Names {
    return Object.freeze({
      relations: Object.freeze(this.#relations),
      functions: Object.freeze(this.#functions),
      operators: Object.freeze(this.#operators),
      types: Object.freeze(this.#types),
      collations: Object.freeze(this.#collations),
      operatorClasses: Object.freeze(this.#operatorClasses),
      objects: Object.freeze(this.#objects),
      attributes: Object.freeze(this.#attributes),
      cursors: Object.freeze(this.#cursors),
      prepared: Object.freeze(this.#prepared),
    });
  }

  /** NUL can stand in no name, so it parts the members of a key. */
  #isNew(...members: readonly (string | number | boolean)[]): boolean {
    const key = members.join('\0');
    if (this.#seen.has(key)) return false;
    this.#seen.add(key);
    return true;
  }
}

function frozen<T extends { readonly path: readonly string[] }>(name: T): T {
  Object.freeze(name.path);
  return Object.freeze(name);
}

function frozenAll<T>(values: readonly T[]): readonly T[] {
  for (const one of values) Object.freeze(one);
  return Object.freeze(values);
}
