import { applyPatch, checked, described } from '../applying.ts';
import { etagOf } from '../configuration.ts';
import { flag, type Json, type JsonObject, maybeText, merged, type Row, text } from '../json.ts';
import type { Call, Resolvers } from '../world.ts';

/** Changing an environment by document: the road on which a volume is deleted without the word `delete`. */
export const patchMutations: Resolvers = {
  environmentStageChanges: (call, args) => {
    const environment = call.need('environments', text(args, 'environmentId'));
    const input = checked(args['input'] ?? null);
    const staged = stagedOf(call, environment);
    if (staged === undefined) return addPatch(call, environment, 'STAGED', input, null);
    const patch = flag(args, 'merge') ? merged(staged['patch'] ?? {}, input) : input;
    return call.state.update('patches', staged.id, { patch });
  },

  environmentPatchCommit: async (call, args) => {
    const environment = call.need('environments', text(args, 'environmentId'));
    const patch = args['patch'] ?? null;
    if (patch === null) return commitStaged(call, environment, args);
    checked(patch);
    const row = addPatch(call, environment, 'APPLYING', patch, maybeText(args, 'commitMessage'));
    await commit(call, environment, row, false);
    return row.id;
  },

  environmentPatchCommitStaged: (call, args) =>
    commitStaged(call, call.need('environments', text(args, 'environmentId')), args),

  environmentApplyChangeSet: async (call, args) => {
    const environment = call.need('environments', text(args, 'environmentId'));
    const base = maybeText(args, 'baseConfigEtag');
    if (base !== null && base !== etagOf(call.state, environment.id)) {
      throw new Error('The environment has changed since the plan was made');
    }
    const input = args['input'] ?? null;
    const changes = described(call, environment, input).map((change) => ({ ...change, status: 'applied' }));
    await applyPatch(call, environment, input, false);
    return call.state.insert('changeSets', {
      environmentId: environment.id,
      changes,
      diagnostics: [],
      status: 'complete',
      deploymentId: null,
      stagedPatchId: null,
      message: maybeText(args, 'commitMessage'),
    });
  },

  /** Reads only; that it was asked for is kept. */
  environmentPreviewChangeSet: (call, args) => {
    const environment = call.need('environments', text(args, 'environmentId'));
    const effects = described(call, environment, args['input'] ?? null);
    call.state.insert('trackedEvents', {
      event: 'environmentPreviewChangeSet',
      environmentId: environment.id,
      effects,
    });
    return { changeSet: args['input'] ?? null, diagnostics: [], effects };
  },
};

export function stagedOf(call: Call, environment: Row): Row | undefined {
  return call.state.find('patches', { environmentId: environment.id, status: 'STAGED' });
}

export function addPatch(call: Call, environment: Row, status: string, patch: Json, message: string | null): Row {
  return call.state.insert('patches', {
    environmentId: environment.id,
    status,
    patch,
    message,
    appliedAt: null,
    lastAppliedError: null,
  });
}

async function commitStaged(call: Call, environment: Row, args: JsonObject): Promise<string> {
  const staged = stagedOf(call, environment);
  if (staged === undefined) throw new Error('No staged changes to commit');
  call.state.update('patches', staged.id, { message: maybeText(args, 'commitMessage') });
  await commit(call, environment, staged, flag(args, 'skipDeploys'));
  return staged.id;
}

async function commit(call: Call, environment: Row, row: Row, skipDeploys: boolean): Promise<void> {
  try {
    await applyPatch(call, environment, row['patch'] ?? {}, skipDeploys);
  } catch (error) {
    const lastAppliedError = error instanceof Error ? error.message : String(error);
    call.state.update('patches', row.id, { lastAppliedError });
    throw error;
  }
  call.state.update('patches', row.id, { status: 'COMMITTED', appliedAt: call.state.now(), lastAppliedError: null });
}
