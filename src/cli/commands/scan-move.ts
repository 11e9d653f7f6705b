import { askedAt } from './asked-at.ts';
import { keep, sayKept } from './vault-add.ts';
import type { KeptCredential, Moved, MovedBack, PolicyInForce, ReachAnswer } from '../../contract/api.ts';
import { type Reach, reachSentence } from '../../contract/reach.ts';
import { type Environment, boundTo } from '../../model/environment.ts';
import type { JsonObject } from '../../model/json.ts';
import type { ScanOptions } from '../../features/scan/index.ts';
import { Refused } from '../../model/refusal.ts';
import { Complaint, misused } from '../complaint.ts';
import { exitCode, type ExitCode } from '../exit-code.ts';
import type { Invocation, Run } from '../invocation.ts';
import { signedAct } from '../signing/act.ts';
import { findSigner } from '../signing/signer.ts';
import { printTable } from '../terminal/table.ts';

/** Puts a credential that was found into the vault, and a working reference in its place. The vault comes first. */
export async function move(invocation: Invocation, options: ScanOptions): Promise<ExitCode> {
  const { out } = invocation;
  const { findToMove, moveOut } = await import('../../daemon/move-offline.ts');
  const which = invocation.text('move') ?? '';
  const matching = await findToMove(options, which);
  const [found] = matching;
  if (found === undefined)
    throw misused(
      `nothing was found at \`${which}\``,
      'name it by the id that `holdpoint scan` shows, or by <path>:<line>',
    );
  if (matching.length > 1)
    throw misused(
      `there are ${matching.length} at \`${which}\``,
      `name one by its id: ${matching.map((one) => one.id).join(', ')}`,
    );
  const api = invocation.api();
  const policy = await api.get<PolicyInForce>('/v1/policy');
  const { id, provider, secret, standsIn, path, line } = found;
  const { kept } = await api.post<ReachAnswer>('/v1/reach', { name: 'moved', provider, secret, ask: false });
  const { askOffline } = await import('../../daemon/ask-offline.ts');
  const asking = await askOffline(provider, secret, askedAt(invocation), standsIn);
  if (asking.kind === 'not-taken')
    throw new Complaint(asking.why, 'there is nothing to keep: take it out of the file by hand');
  const reach = asking.kind === 'answered' ? asking.reach : undefined;
  const name = kept ?? invocation.text('as') ?? nameFor(provider, reach);
  const { move: planned, works } = await refusalsSaid(async () => found.plan(name));
  const body: JsonObject = { ...planned };
  let entry: KeptCredential | undefined;
  if (kept !== undefined) {
    await api.post('/v1/moves', { move: body, secret });
  } else {
    const signer = await findSigner(invocation, api);
    entry = await keep(invocation, api, signer, {
      name,
      provider,
      environment: environmentFor(invocation, policy, provider, name, reach),
      secret,
      ...wordsFor(invocation, reach),
      ...(standsIn === undefined ? {} : { standsIn }),
      move: body,
      lines: [
        ...(reach === undefined ? [] : [reachSentence(reach)]),
        `taken out of ${path}:${line}; in its place: ${planned.lead === '' ? '' : 'unquoted, '}${planned.reference}`,
      ],
    });
  }
  await refusalsSaid(async () => moveOut(planned, secret));
  out.show({ moved: { ...planned, entry: name }, alsoIn: found.alsoIn, rotateAt: found.rotateAt ?? null }, () => {
    if (entry !== undefined) sayKept(invocation, entry);
    out.line(['good', 'moved'], ` ${path}:${line} to vault:${name}; in its place: ${planned.reference}`);
    out.line(`  ${works}`);
    for (const other of found.alsoIn) out.line(['warning', `  the same one stands in ${other} as well`]);
    out.line(
      ['warning', '  rotate it'],
      `${found.rotateAt === undefined ? ' at the provider' : ` at ${found.rotateAt}`}: it was readable, and moving it here does not unleak it`,
    );
    out.line(['faint', `  to take this back: holdpoint scan --move-back ${id}`]);
  });
  return exitCode.done;
}

/** Writes a moved credential back where it stood, byte for byte or not at all. It stays in the vault as well. */
export const moveBack: Run = async (invocation) => {
  const { out } = invocation;
  const { moveBack: writeBack, stateOf } = await import('../../daemon/move-offline.ts');
  const id = invocation.text('moveBack') ?? '';
  const api = invocation.api();
  const { moves } = await api.get<{ moves: readonly Moved[] }>('/v1/moves');
  const moved = moves.find((one) => one.id === id);
  if (moved === undefined) throw misused(`nothing was moved under \`${id}\``, 'list what was: holdpoint scan --moved');
  const standing = await refusalsSaid(async () => stateOf(moved));
  if (standing === 'before') {
    out.show({ movedBack: moved.id, path: moved.path, already: true }, () =>
      out.line(`${moved.path} has the credential already: nothing was written`),
    );
    return exitCode.done;
  }
  if (standing === 'changed')
    throw new Complaint(
      `\`${moved.path}\` was changed since, so it cannot be put back byte for byte; nothing was written`,
      `the credential is in vault:${moved.entry}, and is given to no file but as it was`,
    );
  const back = await signedAct<MovedBack>(invocation, api, {
    kind: 'move-back',
    body: { id },
    lines: [
      `the credential vault:${moved.entry} is written into ${moved.path} again, where agents can read it`,
      `in the place of ${moved.reference}`,
    ],
  });
  const { secret, ...rest } = back;
  await refusalsSaid(async () => writeBack(rest, secret));
  out.show({ movedBack: moved.id, path: moved.path, already: false }, () => {
    out.line(['good', 'put back'], ` ${moved.path}, byte for byte`);
    out.line(['warning', `  it is readable there; vault:${moved.entry} keeps it as well`]);
  });
  return exitCode.done;
};

/** What was moved, and how its files stand. */
export const moved: Run = async (invocation) => {
  const { out } = invocation;
  const { stateOf } = await import('../../daemon/move-offline.ts');
  const { moves } = await invocation.api().get<{ moves: readonly Moved[] }>('/v1/moves');
  const listed = moves.map((one) => ({ ...one, file: standingOf(one, stateOf) }));
  out.show({ moves: listed }, () => {
    if (listed.length === 0) return out.line('nothing was moved out of a file');
    return printTable(
      out,
      ['id', 'vault', 'file', 'how it stands'],
      listed.map((one) => [['strong', one.id], one.entry, one.path, one.file]),
    );
  });
  return exitCode.done;
};

const standings = {
  before: 'the credential is in it',
  after: 'the reference is in it',
  changed: 'changed since',
} as const;

function standingOf(one: Moved, stateOf: (move: Moved) => keyof typeof standings): string {
  try {
    return standings[stateOf(one)];
  } catch {
    return 'not there, or not a plain file';
  }
}

function nameFor(provider: string, reach: Reach | undefined): string {
  const purpose = reach?.madeFor?.preset.split(':').at(-1);
  const [only, ...others] = reach?.environments ?? [];
  const environment = only !== undefined && others.length === 0 ? only.name : undefined;
  const last = (environment ?? purpose ?? reach?.kind ?? 'moved').toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
  return `${provider}-${last}`.slice(0, 40).replace(/-+$/, '');
}

/** As said, as configured, or the most protected that it reaches: a wide credential serves production at worst. */
function environmentFor(
  invocation: Invocation,
  policy: PolicyInForce,
  provider: string,
  name: string,
  reach: Reach | undefined,
): string {
  const said = invocation.text('env') ?? policy.bindings.upstreams.find((one) => one.name === name)?.environment;
  if (said !== undefined) return said;
  const reached = (reach?.environments ?? []).flatMap((one): Environment[] => {
    const bound = boundTo(policy.bindings.environments, provider, one.id);
    return bound === undefined ? [] : [bound];
  });
  const chosen = reached.find((one) => one.production) ?? reached[0];
  if (chosen !== undefined) return chosen.name;
  const known = policy.bindings.environments.map((one) => one.name).join(', ');
  throw misused('it is not known which environment it is for', `give --env${known === '' ? '' : `: ${known}`}`);
}

function wordsFor(invocation: Invocation, reach: Reach | undefined): { kind?: string; reach?: string } {
  const kind = invocation.text('kind') ?? reach?.presented;
  const sees = invocation.text('reach') ?? reach?.sees;
  return { ...(kind === undefined ? {} : { kind }), ...(sees === undefined ? {} : { reach: sees }) };
}

/** What cannot be done to a file is said to the person as any other complaint. */
async function refusalsSaid<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (thrown instanceof Refused) throw new Complaint(thrown.refusal.detail, thrown.refusal.hint, { cause: thrown });
    throw thrown;
  }
}
