import { join } from 'node:path';
import { namesIn } from './peek.ts';

const isVariables = /^\.?env(\..+)?$|\.env$|^\.envrc$|^docker-compose.*\.ya?ml$|^compose.*\.ya?ml$/;

/** Files of variables in a project and in the folders right below it. */
export function projectFiles(projects: readonly string[]): readonly string[] {
  return projects.flatMap((project) => {
    const below = namesIn(project)
      .filter((name) => !name.startsWith('.') && name !== 'node_modules')
      .slice(0, 200)
      .map((name) => join(project, name));
    return [project, ...below].flatMap((folder) =>
      namesIn(folder)
        .filter((name) => isVariables.test(name) && !/\.(example|sample|template|dist)$/.test(name))
        .map((name) => join(folder, name)),
    );
  });
}
