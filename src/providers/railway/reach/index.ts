import { isObject } from '../arguments.ts';
import { readAnswer, tryAsk, unresolved } from '../ask.ts';
import { providerRefusalOf } from '../answer.ts';
import { ownMessage } from '../message.ts';
import { type Inventory, ownInventory, sharedVolumes, wholeInventory } from './inventory.ts';
import { powerOf, type TokenKind } from './powers.ts';
import { purposeIn } from './purpose.ts';
import type { Looking } from '../../../contract/lookup.ts';
import type { Introspecting, Introspection, MadeFor, Reach } from '../../../contract/reach.ts';
import type { Json, JsonObject } from '../../../model/json.ts';

/**
 * What a Railway credential can do. Its kind is found by what answers it: only an account token knows `me`, only a
 * workspace token `apiToken` without it, only a project token `projectToken`, in a header of its own.
 */
export const introspection: Introspection = Object.freeze({
  kinds: (standsIn) =>
    standsIn !== undefined && /(^|[^A-Z])RAILWAY_TOKEN$|project/i.test(standsIn)
      ? ['project-access-token', 'bearer']
      : ['bearer', 'project-access-token'],
  *ask(about) {
    return about.presented === 'project-access-token' ? yield* projectReach(about) : yield* bearerReach(about);
  },
  purposeIn: (text) => purposeIn(text),
  rotateAt: (kind) =>
    kind === 'project' || kind === 'project-access-token'
      ? 'https://railway.com/dashboard (the project, Settings, Tokens)'
      : 'https://railway.com/account/tokens',
} satisfies Introspection);

function* bearerReach(about: Introspecting): Looking<Reach | undefined> {
  const account = yield* taken('who this credential is', 'query { me { id name workspaces { id name } } }');
  if (account !== undefined && isObject(account['me'])) {
    return yield* wideReach('account', textIn(account['me']['name']) ?? 'a person', about);
  }
  const workspace = yield* taken('the workspaces of this credential', 'query { apiToken { workspaces { id name } } }');
  if (workspace === undefined) return undefined;
  const { apiToken } = workspace;
  if (!isObject(apiToken) || !Array.isArray(apiToken['workspaces']))
    throw unresolved('which kind of credential this is cannot be read');
  const { workspaces } = apiToken;
  const names = (workspaces as readonly Json[]).flatMap((one) => (isObject(one) ? (textIn(one['name']) ?? []) : []));
  return yield* wideReach('workspace', names.join(', '), about);
}

function* wideReach(kind: TokenKind, owner: string, about: Introspecting): Looking<Reach> {
  const madeFor = yield* purposeByName(about);
  return reach(kind, owner, yield* wholeInventory(about), madeFor, about, [
    {
      says: 'it may mint further tokens (`apiTokenCreate`): revoking it does not revoke them',
      certainty: 'inferred',
    },
  ]);
}

function* projectReach(about: Introspecting): Looking<Reach | undefined> {
  const query =
    'query { projectToken { id name projectId environmentId project { id name } environment { id name } } }';
  const data = yield* taken('the project of this credential', query);
  if (data === undefined) return undefined;
  const { projectToken } = data;
  if (!isObject(projectToken)) throw unresolved('which project this credential is of cannot be read');
  const inventory = yield* ownInventory(projectToken, about);
  const project = inventory.environments[0]?.project;
  const volumes = project === undefined ? undefined : yield* sharedVolumes(project.id);
  const name = textIn(projectToken['name']);
  return reach(
    'project',
    project?.name ?? '',
    inventory,
    name === undefined ? undefined : purposeIn(name, 'inferred'),
    about,
    volumes === 0 ? [] : [sharedBy(volumes)],
  );
}

/** What a project token is not shown: the other instances of the volumes that it may delete. */
function sharedBy(volumes: number | undefined): Reach['also'][number] {
  const some = volumes === undefined ? 'the volumes' : `${volumes} volume${volumes === 1 ? '' : 's'}`;
  return {
    says: `${some} of the project may have instances in its other environments: deleting one takes those along`,
    certainty: 'assumed',
  };
}

/** The name that this very token has at Railway, where what Railway shows of its tokens fits one alone. */
function* purposeByName(about: Introspecting): Looking<MadeFor | undefined> {
  const query = 'query { apiTokens(first: 200) { edges { node { id name displayToken } } } }';
  const data = yield* tryAsk('the names of the tokens', query, {});
  const list = isObject(data?.['apiTokens']) ? data['apiTokens']['edges'] : undefined;
  const named = (Array.isArray(list) ? (list as readonly Json[]) : []).flatMap((edge) => {
    const node = isObject(edge) ? edge['node'] : undefined;
    if (!isObject(node)) return [];
    const displayed = textIn(node['displayToken']);
    const name = textIn(node['name']);
    return displayed !== undefined && name !== undefined && about.matches(displayed) ? [name] : [];
  });
  const [name] = named;
  return name === undefined || named.length > 1 ? undefined : purposeIn(name, 'inferred');
}

function reach(
  kind: TokenKind,
  owner: string,
  inventory: Inventory,
  madeFor: MadeFor | undefined,
  about: Introspecting,
  also: Reach['also'],
): Reach {
  const counts = inventory.environments.map((one) => one.backups);
  const known = counts.every((count) => count !== undefined);
  return {
    provider: 'railway',
    kind,
    presented: about.presented,
    sees: kind === 'project' ? 'environment' : 'all',
    owner,
    environments: inventory.environments,
    whole: inventory.whole,
    power: powerOf(kind),
    backups: {
      count: known ? counts.reduce<number>((sum, count) => sum + (count ?? 0), 0) : undefined,
      // A volume is the project's: deleting it takes instances along that a project token is not shown.
      more: also.some((one) => one.certainty === 'assumed') || !inventory.whole,
      schedules: inventory.counts.schedules,
      certainty: known ? 'proven' : 'assumed',
    },
    madeFor,
    also,
  };
}

/** The answer to a question that only one kind of credential is answered; undefined where Railway refuses the credential. */
function* taken(purpose: string, query: string): Looking<JsonObject | undefined> {
  const answer = yield { message: ownMessage(query, {}), purpose };
  if (providerRefusalOf(answer) !== undefined) return undefined;
  const { status, data, errors, readable } = readAnswer(answer);
  if (!readable || status !== 200 || errors.length > 0 || data === null)
    throw unresolved(`railway could not be asked about ${purpose} (status ${status})`);
  return data;
}

function textIn(value: Json | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
