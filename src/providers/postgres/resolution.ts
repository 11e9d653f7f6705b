import type { Step, View } from './reading.ts';
import type { Looking } from '../../contract/lookup.ts';
import type { Resolution, ResolveContext } from '../../contract/provider.ts';
import type { Action } from '../../model/action.ts';
import { boundTo } from '../../model/environment.ts';
import type { PostgresMessage } from '../../model/postgres-message.ts';
import { refuse } from '../../model/refusal.ts';

/** What the names of the statements stand for, asked of the server on the very session that runs them. */
export function* resolution(
  said: PostgresMessage,
  _steps: readonly Step[],
  actions: readonly Action[],
  _view: View,
  context: ResolveContext,
): Looking<Resolution> {
  yield* [];
  const environment = boundTo(context.environments, 'postgres', said.entry);
  if (environment === undefined)
    throw refuse(
      'DENIED',
      `no environment is bound to database \`${said.entry}\``,
      'a human binds it in holdpoint.yaml',
    );
  return {
    actions: actions.map((action) => ({
      ...action,
      resources: action.resources.map((one) => ({ ...one, name: one.id, environments: [environment.name] })),
    })),
    facts: [],
    dependents: [],
    varyingFact: said.entry,
    defaultMode: 'now',
    undo: 'none',
  };
}
