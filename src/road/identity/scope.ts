import type { GrantedScope } from './token-record.ts';
import { outsideScope, type NotPermitted } from '../not-permitted.ts';
import type { Provider } from '../../contract/provider.ts';
import type { Action, Resource } from '../../model/action.ts';
import { frozen } from '../../model/json.ts';
import { refuse } from '../../model/refusal.ts';
import type { Scope, TokenRecord } from '../../model/scope.ts';

/** What a human asks for when a token is made. What is left out grants nothing. */
export interface ScopeAsked {
  readonly presets?: readonly string[];
  /** Exact names; `all`, alone, for every operation there is. */
  readonly operations?: readonly string[] | 'all';
  readonly environments?: readonly string[];
  readonly gates?: readonly string[];
  /** Provider ids; `all`, alone, for every resource in the environments. */
  readonly resources?: readonly string[] | 'all';
}

type Catalogue = Pick<Provider, 'name' | 'catalogue' | 'presets'>;

/**
 * The operations and gates part of the scope, which needs no look-up. Throws `Refused` (`DENIED`) naming the first
 * operation outside it. Scope admits, policy still decides.
 */
export function admitOperations(
  token: Pick<TokenRecord, 'scope' | 'purpose'>,
  gate: string,
  actions: readonly Action[],
): void {
  const { scope } = token;
  if (!scope.gates.includes(gate)) throw outsideScope(`${madeFor(token)}; it is not for the ${gate} gate`);
  if (actions.length === 0) throw refuse('DENIED', 'nothing is known of what this would do');
  const outside = actions.find((action) => scope.operations !== 'all' && !scope.operations.includes(action.operation));
  if (outside !== undefined) throw outsideScope(`${madeFor(token)}; \`${outside.operation}\` is outside it`);
}

/**
 * The environments and resources part, on resolved actions. Every environment of every resource has to be in the scope:
 * what also exists in production is in production. Throws `Refused` (`DENIED`) naming the first that is not. An action
 * without resources counts for `environments`, those of the whole request; without these it is denied.
 */
export function admitTargets(scope: Scope, actions: readonly Action[], environments: readonly string[] = []): void {
  if (actions.length === 0) throw refuse('DENIED', 'nothing is known of what this would do');
  for (const action of actions) {
    if (action.resources.length > 0) for (const resource of action.resources) admitResource(scope, resource);
    else admitWithoutResource(scope, action, environments);
  }
  const outside = environments.find((name) => !scope.environments.includes(name));
  if (outside !== undefined)
    throw outsideScope(`this reaches into ${outside}; this token is for ${list(scope.environments)}`);
}

function admitResource(scope: Scope, resource: Resource): void {
  const called = describe(resource);
  if (resource.environments.length === 0) throw refuse('DENIED', `${called} could not be placed in an environment`);
  const outside = resource.environments.find((name) => !scope.environments.includes(name));
  if (outside !== undefined) throw outsideEnvironment(scope, resource, called, outside);
  if (scope.resources !== 'all' && !scope.resources.includes(resource.id))
    throw outsideScope(`${called} is not among the resources of this token`);
}

function outsideEnvironment(scope: Scope, resource: Resource, called: string, outside: string): NotPermitted {
  const inside = resource.environments.some((name) => scope.environments.includes(name));
  const where = inside ? `also has an instance in ${outside}` : `is in ${outside}`;
  return outsideScope(`${called} ${where}; this token is for ${list(scope.environments)}`);
}

function admitWithoutResource(scope: Scope, action: Action, environments: readonly string[]): void {
  if (environments.length === 0)
    throw refuse('DENIED', `what \`${action.operation}\` would hit could not be placed in an environment`);
  if (scope.resources !== 'all')
    throw outsideScope(`\`${action.operation}\` is not limited to the resources of this token`);
}

/**
 * Presets written out into the operations that their providers say they mean, so that a preset that grows later widens
 * no token. Throws `Refused` (`BAD_REQUEST`) for a preset or an operation that nobody knows.
 */
export function expandScope(asked: ScopeAsked, providers: readonly Catalogue[]): GrantedScope {
  const presets = new Map(providers.flatMap((provider) => Object.entries(provider.presets)));
  const catalogued = new Set(providers.flatMap((provider) => provider.catalogue.map((one) => one.operation)));
  const operations = new Set<string>();
  for (const name of asked.presets ?? []) {
    const meant = presets.get(name);
    if (meant === undefined)
      throw refuse(
        'BAD_REQUEST',
        `there is no preset \`${shown(name)}\``,
        `known: ${[...presets.keys()].sort().join(', ') || 'none'}`,
      );
    for (const operation of meant) operations.add(operation);
  }
  const named = allOr(asked.operations ?? []);
  if (named !== 'all') {
    for (const operation of named) {
      if (!catalogued.has(operation))
        throw refuse(
          'BAD_REQUEST',
          `there is no operation \`${shown(operation)}\``,
          'operations are named exactly, like `railway:customDomainCreate`; see: holdpoint explain',
        );
      operations.add(operation);
    }
  }
  return frozen({
    gates: unique(asked.gates ?? []),
    operations: named === 'all' ? 'all' : [...operations].sort(),
    environments: unique(asked.environments ?? []),
    resources: allOr(asked.resources ?? []),
    ...((asked.presets ?? []).length === 0 ? {} : { presets: unique(asked.presets ?? []) }),
  });
}

function allOr(names: readonly string[] | 'all'): readonly string[] | 'all' {
  return names === 'all' || (names.length === 1 && names[0] === 'all') ? 'all' : unique(names);
}

function unique(names: readonly string[]): readonly string[] {
  return [...new Set(names)];
}

/** `this token is for custom domains (`railway:domains`)`: the maker's words, and the presets it was made from. */
function madeFor({ scope, purpose }: Pick<TokenRecord, 'scope' | 'purpose'>): string {
  const granted: GrantedScope = scope;
  const presets = (granted.presets ?? []).map((name) => `\`${name}\``).join(', ');
  const named =
    presets === '' && scope.operations !== 'all' && scope.operations.length <= 3
      ? scope.operations.map((name) => `\`${name}\``).join(', ')
      : presets;
  // Where the maker gave no words, the presets or operations stand in their place.
  if (purpose === '' || purpose === named.replaceAll('`', ''))
    return named === '' ? 'this token is for other things' : `this token is for ${named}`;
  return `this token is for ${purpose}${named === '' ? '' : ` (${named})`}`;
}

/** `volume `pg-data``: the last word of the kind, and the provider's name for it. */
function describe(resource: Resource): string {
  const kind = resource.kind
    .slice(resource.kind.indexOf(':') + 1)
    .replace(/[-_]/g, ' ')
    .replace(/([a-z])([A-Z])/g, '$1 $2');
  return `${kind.toLowerCase()} \`${shown(resource.name ?? '') || shown(resource.id)}\``;
}

/** Names at a provider may have been chosen by an agent: only plain, short ones are repeated in our own sentence. */
function shown(name: string): string {
  return /^[\p{L}\p{N} ._:/@+-]{1,80}$/u.test(name) ? name : '';
}

function list(names: readonly string[]): string {
  return names.length === 0 ? 'no environment' : names.join(', ');
}
