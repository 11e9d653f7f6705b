import { input, type Settings } from './settings.ts';

const scheduledQuery = 'query ($id: String!) { project(id: $id) { id deletedAt } }';

/** Projects, their environments, and the account’s own preferences. */
export const projectSettings: { readonly [operation: string]: Settings } = {
  environmentRename: (args, found) => {
    const id = found.resources[0]?.id ?? '';
    return [
      {
        title: `name of environment \`${found.name}\``,
        look: {
          query: 'query ($id: String!) { environment(id: $id) { id name } }',
          variables: { id },
          path: ['environment'],
        },
        members: ['name'],
        wrote: input(args),
        inverse: (before) => ({
          query:
            'mutation ($id: String!, $input: EnvironmentRenameInput!) { environmentRename(id: $id, input: $input) { id } }',
          variables: { id, input: before },
        }),
      },
    ];
  },
  // It comes back from Railway's own grace: until that ends, and not by itself.
  projectScheduleDelete: (_args, found) => {
    const id = found.resources[0]?.id ?? '';
    return [
      {
        title: `that project \`${found.name}\` stays`,
        look: { query: scheduledQuery, variables: { id }, path: ['project'] },
        members: ['deletedAt'],
        wrote: {},
        sentence: `cancels the deletion of project \`${found.name}\`, as long as railway's own 48 hours last`,
        inverse: (before) => {
          if (before['deletedAt'] !== null) return { impossible: 'it is scheduled for deletion already' };
          return {
            query: 'mutation ($id: String!) { projectScheduleDeleteCancel(id: $id) }',
            variables: { id },
          };
        },
      },
    ];
  },
  projectScheduleDeleteCancel: (_args, found) => {
    const id = found.resources[0]?.id ?? '';
    return [
      {
        title: `that project \`${found.name}\` is deleted`,
        look: { query: scheduledQuery, variables: { id }, path: ['project'] },
        members: ['deletedAt'],
        wrote: { deletedAt: null },
        inverse: (before) => {
          if (before['deletedAt'] === null) return { impossible: 'it is not scheduled for deletion' };
          return { query: 'mutation ($id: String!) { projectScheduleDelete(id: $id) }', variables: { id } };
        },
        notUndone: ['the hour at which it was to be deleted: the 48 hours begin anew'],
      },
    ];
  },
  projectUpdate: (args, found) => {
    const id = found.resources[0]?.id ?? '';
    const members = Object.keys(input(args));
    return [
      {
        title: `settings of project \`${found.name}\``,
        look: {
          query: `query ($id: String!) { project(id: $id) { id ${members.join(' ')} } }`,
          variables: { id },
          path: ['project'],
        },
        members,
        wrote: input(args),
        inverse: (before) => ({
          query:
            'mutation ($id: String!, $input: ProjectUpdateInput!) { projectUpdate(id: $id, input: $input) { id } }',
          variables: { id, input: before },
        }),
      },
    ];
  },
  preferencesUpdate: (args) => {
    const { token, ...wrote } = input(args);
    if (token !== undefined) return { impossible: "somebody else's preferences cannot be read back" };
    const members = Object.keys(wrote);
    return [
      {
        title: 'mail preferences',
        look: { query: `query { preferences { id ${members.join(' ')} } }`, variables: {}, path: ['preferences'] },
        members,
        wrote,
        inverse: (before) => ({
          query: 'mutation ($input: PreferencesUpdateData!) { preferencesUpdate(input: $input) { id } }',
          variables: { input: before },
        }),
      },
    ];
  },
};
