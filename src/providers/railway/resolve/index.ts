import { environment, place, project } from './environment.ts';
import { fact, type Found, found } from './found.ts';
import { plugin } from './plugins.ts';
import { projectThing } from './project-things.ts';
import { query } from './query.ts';
import { service, serviceIn } from './service.ts';
import type { Settled } from './settled.ts';
import { Survey } from './survey.ts';
import {
  account,
  bucket,
  cloudAgent,
  customDomain,
  dashboard,
  deployment,
  dnsRecord,
  endpoint,
  sandbox,
  serviceDomain,
  serviceInstance,
  tcpProxy,
  trigger,
} from './things.ts';
import { variables } from './variables.ts';
import { backup, volume, volumeInstance } from './volume.ts';
import { unresolved } from '../ask.ts';
import type { Target } from '../classes/row.ts';
import type { Inventory } from '../inventory.ts';
import { type Judged, raise } from '../judge.ts';
import { askedFor } from '../rewrite.ts';
import { leaves } from '../sight.ts';
import { combine } from '../undo/combine.ts';
import { intentOf } from '../undo/proof.ts';
import { undoableFor } from '../undo/undoable.ts';
import type { Looking } from '../../../contract/lookup.ts';
import type { ResolveContext, Resolution } from '../../../contract/provider.ts';
import type { Action } from '../../../model/action.ts';

type Resolver = (judged: Judged, survey: Survey) => Looking<Found>;

/** One resolver a kind of target. */
const resolvers: { readonly [target in Exclude<Target, 'none' | 'nothing'>]: Resolver } = {
  account,
  backup,
  bucket,
  'custom-domain': customDomain,
  'cloud-agent': cloudAgent,
  dashboard,
  deployment,
  'dns-record': dnsRecord,
  endpoint,
  environment,
  place,
  plugin,
  project,
  'project-thing': projectThing,
  sandbox,
  service,
  'service-domain': serviceDomain,
  'service-in': serviceIn,
  'service-instance': serviceInstance,
  'tcp-proxy': tcpProxy,
  trigger,
  variables,
  volume,
  'volume-instance': volumeInstance,
};

/** What the ids of a request stand for, live. Throws `Refused` (`DENIED`) when that cannot be settled. */
export function* resolve(all: readonly Judged[], context: ResolveContext, inventory: Inventory): Looking<Resolution> {
  const survey = new Survey(context);
  const settled: Settled[] = [];
  // What stands beside a write is looked up as live as the write is.
  const known = all.every((one) => one.action.reversibility === 'read') ? inventory : undefined;
  for (const judged of all) settled.push(yield* settle(judged, survey, known));
  const [first] = [...settled].sort((a, b) => Number(a.judged.kind === 'query') - Number(b.judged.kind === 'query'));
  if (first === undefined) throw unresolved('there is nothing to do');
  const writes = settled.filter((one) => one.action.reversibility !== 'read');
  const deletes = writes.some((one) => isDelete(one));
  const capture = combine(settled);
  const [only] = writes;
  const intent = only === undefined || writes.length > 1 ? undefined : intentOf(only);
  return {
    actions: settled.map((one) => one.action),
    facts: settled.flatMap((one) => one.found.facts),
    dependents: [...new Set(settled.flatMap((one) => one.found.dependents))].sort(),
    varyingFact: varyingFact(first.found),
    defaultMode: deletes ? 'delayed' : 'now',
    undo: undoSentence(settled),
    ...(capture === undefined ? {} : { capture }),
    ...(intent === undefined ? {} : { intent }),
  };
}

/** What a signer types. A name that an agent may have chosen so that it says nothing gives way to the id. */
function varyingFact({ name, resources }: Found): string {
  const telling =
    (name.match(/[\p{L}\p{N}]/gu) ?? []).length >= 2 &&
    !/^(?:yes|ok|no|delete|confirm|approve|true)$/i.test(name.trim());
  return telling ? name : (resources[0]?.id ?? name);
}

function* settle(judged: Judged, survey: Survey, inventory: Inventory | undefined): Looking<Settled> {
  const { target, action } = judged;
  if (judged.kind === 'query' && action.reversibility === 'read') {
    const seen = yield* query(judged, survey, inventory);
    return { judged, found: seen, action: { ...action, resources: seen.resources }, undoable: undefined };
  }
  if (target === 'none') {
    throw unresolved(`\`${action.operation}\` has no resolver yet: what it would hit cannot be settled`);
  }
  if (target === 'nothing') {
    return {
      judged,
      found: found({ resources: [], name: judged.field.name }),
      action: { ...action, resources: [] },
      undoable: undefined,
    };
  }
  const seen = yield* resolvers[target](judged, survey);
  const widened = widen(judged, withAsked(judged, seen), survey);
  let resolved: Action = { ...action, resources: widened.resources };
  if (seen.worse !== undefined) resolved = raise(resolved, seen.worse.reversibility, seen.worse.why, seen.worse.traits);
  const comesBack = resolved.reversibility === 'reversible' || resolved.reversibility === 'recoverable';
  if (!comesBack) return { judged, found: widened, action: resolved, undoable: undefined };
  const undoable = seen.undoable ?? (yield* undoableFor(judged, widened));
  if ('impossible' in undoable) {
    return {
      judged,
      found: widened,
      action: raise(resolved, 'irreversible', undoable.impossible, undoable.traits),
      undoable: undefined,
    };
  }
  return { judged, found: widened, action: resolved, undoable };
}

/** That something milder is sent than what was asked for, for whoever signs it. */
function withAsked({ field }: Judged, seen: Found): Found {
  const asked = askedFor(field);
  if (asked === undefined) return seen;
  return { ...seen, facts: [fact('asked for', asked, 'warning'), fact('sent as', field.name), ...seen.facts] };
}

/** A write whose answer would show something of other environments counts as all of them. */
function widen(judged: Judged, seen: Found, survey: Survey): Found {
  const out = leaves(judged.field, 'environment');
  if (out === undefined) return seen;
  return {
    ...seen,
    resources: [...seen.resources, { kind: 'railway:field', id: out, environments: survey.everywhere }],
    facts: [...seen.facts, fact('the answer shows', out, 'warning')],
  };
}

const deleting = /(?:Delete|DeleteForce|Destroy|Clear)$/;
const alsoDeleting: ReadonlySet<string> = new Set([
  'pluginReset',
  'projectScheduleDelete',
  'templateRevert',
  'volumeInstanceBackupRestore',
]);
const mayDelete: ReadonlySet<string> = new Set([
  'environmentApplyChangeSet',
  'environmentPatchCommit',
  'environmentPatchCommitStaged',
  'variableCollectionUpsert',
  'volumeInstanceUpdate',
]);

/** What takes something away waits after the signature, unless it is put back as easily. */
function isDelete({ judged, action }: Settled): boolean {
  if (action.reversibility === 'reversible') return false;
  const { name } = judged.field;
  return (
    deleting.test(name) || alsoDeleting.has(name) || (mayDelete.has(name) && action.traits.includes('weakens-backup'))
  );
}

function undoSentence(settled: readonly Settled[]): string {
  const sentences = settled
    .filter((one) => one.action.reversibility !== 'read')
    .map((one) => one.undoable?.sentence ?? 'none');
  if (sentences.length === 0) return 'nothing is changed';
  return sentences.includes('none') ? 'none' : [...new Set(sentences)].join('; ');
}
