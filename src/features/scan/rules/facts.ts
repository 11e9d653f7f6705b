import type { CredentialKind, Fact } from '../finding.ts';

interface Known {
  readonly destroys: string;
  /** What of its backups it reaches, by how the provider is built. */
  readonly backups?: string;
}

/** The worst that a credential of a kind can do, until somebody asks it. */
const worst: { readonly [kind in CredentialKind]?: Known } = {
  railway: {
    destroys: 'volumes, projects and perhaps the whole workspace',
    backups: 'Railway keeps a volume’s backups where the same token deletes them',
  },
  postgres: { destroys: 'rows, tables and perhaps the whole database' },
  mysql: { destroys: 'rows, tables and perhaps the whole database' },
  mongodb: { destroys: 'documents, collections and perhaps the whole database' },
  redis: { destroys: 'every key of the store' },
  aws: {
    destroys: 'whatever its policies name',
    backups: 'snapshots and backups are deleted by the same kind of call',
  },
  gcp: { destroys: 'whatever its roles name', backups: 'snapshots are deleted by the same kind of call' },
  azure: { destroys: 'whatever its roles name' },
  github: { destroys: 'branches, releases and perhaps repositories' },
  gitlab: { destroys: 'branches and perhaps projects' },
  stripe: { destroys: 'customers and subscriptions; it moves money' },
  cloudflare: { destroys: 'DNS records, buckets and databases', backups: 'buckets that hold backups are in its reach' },
  vercel: { destroys: 'projects, variables and stores' },
  supabase: {
    destroys: 'every row, and with an account’s token whole projects',
    backups: 'a deleted project takes its backups along',
  },
  neon: { destroys: 'projects and branches', backups: 'branches and history live in the project' },
  planetscale: { destroys: 'branches and databases', backups: 'backups live beside the database' },
  digitalocean: {
    destroys: 'droplets, volumes and databases',
    backups: 'snapshots are deleted by the same kind of call',
  },
  fly: { destroys: 'apps and volumes', backups: 'snapshots live with the volume' },
  render: { destroys: 'services, disks and databases', backups: 'backups live with the database' },
  heroku: { destroys: 'apps and their databases', backups: 'backups live with the add-on' },
  netlify: { destroys: 'sites' },
  npm: { destroys: 'published versions; it publishes new ones' },
  docker: { destroys: 'images and tags, which a rollback needs' },
  slack: { destroys: 'messages; it can speak where people approve' },
  kubernetes: { destroys: 'namespaces and volumes' },
  terraform: { destroys: 'everything that its workspaces manage' },
  pulumi: { destroys: 'everything that its stacks manage' },
  'hashicorp-vault': { destroys: 'the secrets that its policies name' },
};

/** Facts about a kind, all `assumed`: nobody has asked the provider. */
export function assumedOf(kind: CredentialKind): readonly Fact[] {
  const known = worst[kind];
  if (known === undefined) return [];
  const facts: Fact[] = [{ about: 'destroys', says: known.destroys, certainty: 'assumed' }];
  if (known.backups !== undefined) facts.push({ about: 'backups', says: known.backups, certainty: 'assumed' });
  return facts;
}
