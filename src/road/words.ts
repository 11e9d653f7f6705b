import type { ActionRequest } from '../model/action-request.ts';
import type { Action, Resource } from '../model/action.ts';

/** What a request would do, in a sentence of ours: "run `railway:volumeDelete` on volume `pg-prod` (production): irreversible". */
export function wouldDo(request: ActionRequest): string {
  return request.actions.map(sayAction).join('; and ');
}

function sayAction(action: Action): string {
  const targets = action.resources.map(sayResource).join(', ');
  return `run \`${action.operation}\` on ${targets}: ${action.reversibility}, ${action.why}`;
}

function sayResource(resource: Resource): string {
  const kind = resource.kind.slice(resource.kind.indexOf(':') + 1);
  return `${kind} \`${resource.name ?? resource.id}\` (${resource.environments.join(' and ')})`;
}
