import { basename } from 'node:path';
import type { Format } from './document.ts';
import type { Place } from '../finding.ts';

/** Names whose format their ending does not tell. The first that fits counts. */
const byName: readonly (readonly [RegExp, Format])[] = [
  [/^\.env(\..*)?$|\.env$|\.env\.[\w.-]+$|^\.envrc$|^\.dev\.vars(\..*)?$|^env\.(local|sample|example)$/i, 'dotenv'],
  [/^[._]netrc$/i, 'netrc'],
  [/^\.?pgpass(\.conf)?$/i, 'pgpass'],
  [/\.(jsonl|ndjson)$/i, 'jsonl'],
  [/\.(json|jsonc|json5|tfstate|backup|ipynb|har|code-workspace|webmanifest|lock)$|\.tfstate\./i, 'json'],
  [/\.ya?ml$/i, 'yaml'],
  [/^(settings|web|app|nuget)\.(xml|config)$/i, 'xml'],
  [/\.toml$|^Pipfile$/i, 'toml'],
  [
    /^(\.npmrc|\.yarnrc|\.pypirc|\.s3cfg|\.boto|\.gitconfig|\.my\.cnf|\.pg_service\.conf|pg_service\.conf|pip\.conf|credentials)$|\.(ini|cfg|conf|cnf|properties|tfvars|tf|hcl|tfrc)$/i,
    'ini',
  ],
  [/\.(sh|bash|zsh|fish|ps1|bat|cmd|mk)$|^(Makefile|Dockerfile|Justfile|Procfile|Containerfile)(\..*)?$/i, 'shell'],
  [/^\.(bashrc|zshrc|zshenv|profile|bash_profile|zprofile|bash_aliases)$/i, 'shell'],
];

/** Paths whose last name is too common to tell. */
const byPath: readonly (readonly [RegExp, Format])[] = [
  [/\/\.kube\/config$/, 'yaml'],
  [/\/\.(git|aws)\/(config|credentials)$/, 'ini'],
  [/\/\.config\/git\/config$/, 'ini'],
];

/** How a file is written, by its path. */
export function formatOf(path: string, kind: Place['kind']): Format {
  if (kind === 'history') return 'history';
  if (kind === 'environment') return 'environment';
  const whole = byPath.find(([pattern]) => pattern.test(path));
  if (whole !== undefined) return whole[1];
  const name = basename(path);
  return byName.find(([pattern]) => pattern.test(name))?.[1] ?? 'text';
}
