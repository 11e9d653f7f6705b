import type { ActionRequest } from '../model/action-request.ts';

/** In what the request is another than the one that was signed, in a sentence for the new hold. */
export function changes(before: ActionRequest, now: ActionRequest): string {
  const targets = (request: ActionRequest): string =>
    request.actions
      .map(
        (action) =>
          `${action.operation} ${action.reversibility} ${action.resources.map((one) => `${one.name ?? ''} ${one.id} ${one.environments.join('+')}`).join(', ')}`,
      )
      .join('; ');
  const parts = [
    targets(before) === targets(now) ? '' : `targets were [${targets(before)}] and are [${targets(now)}]`,
    before.affected === now.affected ? '' : 'what goes with it (instances, backups, rows) is another set',
    before.upstream === now.upstream ? '' : `upstream was ${before.upstream} and is ${now.upstream}`,
    before.environments.join() === now.environments.join()
      ? ''
      : `environments were ${before.environments.join(', ')} and are ${now.environments.join(', ')}`,
  ].filter((part) => part !== '');
  return parts.length === 0 ? 'the request reads differently than when it was signed' : parts.join('; ');
}
