import { type Impossible, type Look, lookedAll, restoring, type Undoable } from './image.ts';
import { items, must } from '../ask.ts';
import type { Found } from '../resolve/found.ts';
import type { Looking } from '../../../contract/lookup.ts';
import type { JsonObject } from '../../../model/json.ts';

/** One more backup: the answer names a workflow only, so it is found as the one that was not there before. */
export function backupMade(found: Found): Undoable {
  const id = found.resources[0]?.id ?? '';
  const title = `the new backup of \`${found.name}\``;
  const look: Look = {
    query: 'query ($id: String!) { volumeInstanceBackupList(volumeInstanceId: $id) { id } }',
    variables: { id },
    path: ['volumeInstanceBackupList'],
  };
  return {
    sentence: `takes ${title} away again`,
    *capture() {
      const before = (yield* lookedAll(look, title)).map((record) => must(record, 'id'));
      return [
        {
          kind: 'listed',
          title,
          look,
          before,
          inverse: {
            query:
              'mutation ($volumeInstanceId: String!, $id: String!) { volumeInstanceBackupDelete(volumeInstanceId: $volumeInstanceId, volumeInstanceBackupId: $id) { workflowId } }',
            variables: { volumeInstanceId: id },
          },
          into: ['id'],
          notUndone: [],
        },
      ];
    },
  };
}

/** A schedule is put back as the set of kinds that it had; a kind that is dropped lets its backups run out. */
export function* schedule(args: JsonObject, found: Found): Looking<Undoable | Impossible> {
  const id = found.resources[0]?.id ?? '';
  const wanted = Array.isArray(args['kinds']) ? args['kinds'] : [];
  const title = `backup schedule of \`${found.name}\``;
  return yield* restoring([
    {
      title,
      look: {
        query: 'query ($id: String!) { volumeInstanceBackupScheduleList(volumeInstanceId: $id) { kind } }',
        variables: { id },
        path: [],
      },
      members: ['volumeInstanceBackupScheduleList'],
      wrote: {},
      inverse: (before) => {
        const kinds = items(before['volumeInstanceBackupScheduleList'], 'schedules').map((one) => must(one, 'kind'));
        const dropped = kinds.filter((kind) => !wanted.includes(kind));
        if (dropped.length > 0)
          return {
            impossible: `it stops making ${dropped.join(', ').toLowerCase()} backups`,
            traits: ['weakens-backup'],
          };
        return {
          query:
            'mutation ($id: String!, $kinds: [VolumeInstanceBackupScheduleKind!]!) { volumeInstanceBackupScheduleUpdate(volumeInstanceId: $id, kinds: $kinds) }',
          variables: { id, kinds },
        };
      },
    },
  ]);
}
