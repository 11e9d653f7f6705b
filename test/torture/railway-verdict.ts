import type { Reach } from './railway-far-side.ts';
import type { Store } from '../../src/contract/store.ts';
import { actionDigest, type ActionRequest } from '../../src/model/action-request.ts';
import { classOfMutation } from '../golden/railway-mutations.ts';

type Args = Readonly<Record<string, unknown>>;

type Demand = 'signed' | 'undoable' | 'recorded' | 'nothing';

/**
 * Whether a call that arrived may only have come with a signature, by the lists that were written down before the gate's
 * catalogue and apart from it. `undoable`: unsigned it may come if what it changes was kept before. `recorded`: it was written down.
 */
export function demandOf({ name, arguments: args }: Pick<Reach, 'name' | 'arguments'>): Demand {
  const found = classOfMutation.get(name);
  if (found === undefined || found === 'destructive-irreversible' || found === 'privilege-or-credential')
    return 'signed';
  if (escalates(name, args)) return 'signed';
  if (found === 'read') return 'nothing';
  return found === 'create' ? 'recorded' : 'undoable';
}

/** What a mild name does with these arguments that cannot be taken back. Nothing in the torture's world is disposable. */
function escalates(name: string, args: Args): boolean {
  const input = recordOf(args['input']);
  const has = (...names: readonly string[]): boolean =>
    names.some((one) => input[one] !== undefined && input[one] !== null);
  switch (name) {
    case 'variableUpsert':
      return input['skipDeploys'] !== true || looksLikeCredential(input);
    case 'variableCollectionUpsert':
      return input['skipDeploys'] !== true || input['replace'] === true;
    case 'variableDelete':
      return true;
    case 'volumeInstanceUpdate':
      return (
        /DELET/.test(String(input['state'])) ||
        args['environmentId'] === undefined ||
        args['environmentId'] === null ||
        input['serviceId'] === null
      );
    case 'volumeInstanceBackupScheduleUpdate':
      return Array.isArray(args['kinds']) && args['kinds'].length === 0;
    case 'serviceInstanceUpdate':
      return has('startCommand', 'preDeployCommand', 'buildCommand', 'cronSchedule', 'source', 'registryCredentials');
    case 'serviceCreate':
      return has('source');
    case 'environmentCreate':
      return has('sourceEnvironmentId');
    case 'projectUpdate':
      return input['isPublic'] === true || input['prDeploys'] === true;
    case 'environmentStageChanges':
      return JSON.stringify(args).includes('isDeleted');
    default:
      return false;
  }
}

function looksLikeCredential(input: Args): boolean {
  return (
    /DATABASE_URL|SECRET|NODE_OPTIONS|SENTRY_DSN/.test(String(input['name'])) ||
    String(input['value']).startsWith('postgres')
  );
}

function recordOf(value: unknown): Args {
  return typeof value === 'object' && value !== null ? (value as Args) : {};
}

/**
 * What is wrong with a mutation's having been reached, from what is durable at that moment: there has to be an intent over
 * exactly these bytes, its digest true, and where it is demanded an Approval of that digest. Undefined when nothing is.
 */
export async function wrongWith(store: Store, reach: Reach): Promise<string | undefined> {
  const demand = demandOf(reach);
  if (demand === 'nothing') return undefined;
  const body = Buffer.from(reach.sent.body).toString('base64url');
  const recent = await store.find('entries', { where: { 'entry.kind': 'intent' }, order: 'descending', limit: 64 });
  const what = `${reach.name} ${JSON.stringify(reach.arguments)}`;
  for (const { record } of recent) {
    const { entry } = record as unknown as { readonly entry: IntentEntry };
    const { request, image } = entry.body;
    if (request.plan.steps[request.plan.effect]?.['body'] !== body) continue;
    if (actionDigest(request) !== entry.digest) return `the intent's digest is not that of its request: ${what}`;
    if (demand === 'recorded' || (demand === 'undoable' && image !== undefined)) return undefined;
    const approvals = entry.hold === undefined ? [] : await store.find('approvals', { where: { hold: entry.hold } });
    const signed = approvals.some(({ record: approval }) => {
      const statement = statementIn(approval);
      return statement['digest'] === entry.digest && statement['verdict'] === 'approve';
    });
    return signed ? undefined : `${demand === 'undoable' ? 'neither signed nor undoable' : 'not signed'}: ${what}`;
  }
  return `no intent over these bytes: ${what}`;
}

interface IntentEntry {
  readonly digest: string;
  readonly hold?: string;
  readonly body: { readonly request: ActionRequest; readonly image?: string };
}

function statementIn(record: Args): Args {
  const approval = recordOf(record['approval']);
  return recordOf(record['statement'] ?? approval['statement']);
}
