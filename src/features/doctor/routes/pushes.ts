import { join } from 'node:path';
import { namesIn, peek } from './peek.ts';
import type { Look } from './route.ts';

/** Files that are there when somebody deploys from the repository. */
const deployed: readonly (readonly [file: string, by: string])[] = [
  ['railway.json', 'Railway'],
  ['railway.toml', 'Railway'],
  ['vercel.json', 'Vercel'],
  ['netlify.toml', 'Netlify'],
  ['render.yaml', 'Render'],
  ['fly.toml', 'Fly.io'],
  ['app.json', 'Heroku'],
  ['Procfile', 'Heroku'],
  ['nixpacks.toml', 'Railway'],
];

/** A branch that deploys when it is pushed to runs the agent's code beside the real credentials. */
export const pushes: Look = ({ projects }) =>
  projects.flatMap((project) => {
    const where = join(project, '.git', 'config');
    const remotes = [...(peek(where) ?? '').matchAll(/^\s*url\s*=\s*(\S+)/gm)].map(([, url = '']) => hostOf(url));
    if (remotes.length === 0) return [];
    const by = deployed.find(([file]) => peek(join(project, file)) !== undefined)?.[1] ?? workflowIn(project);
    const what =
      by === undefined
        ? `a push to ${remotes[0] ?? ''} may deploy, where a provider watches the branch`
        : `a push to ${remotes[0] ?? ''} deploys by ${by}: the agent’s code then runs beside the real credentials`;
    const closes = 'protect the branch, or turn off deploying on push at the provider';
    return [{ kind: 'push' as const, where, what, certainty: 'assumed' as const, closes }];
  });

function workflowIn(project: string): string | undefined {
  const folder = join(project, '.github', 'workflows');
  const found = namesIn(folder).find((name) => /deploy|release|publish/i.test(name + (peek(join(folder, name)) ?? '')));
  return found === undefined ? undefined : `the workflow ${found}`;
}

/** Without what stands before an `@`: that can be a credential. */
function hostOf(url: string): string {
  return /^(?:[a-z+]+:\/\/)?(?:[^@/\s]*@)?([\w.-]+)/.exec(url)?.[1] ?? 'its remote';
}
