import { input, type Settings } from './settings.ts';

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
