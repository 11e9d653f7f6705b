import type { CredentialKind, Fact, Finding } from './finding.ts';

const titles: { readonly [kind in CredentialKind]: string } = {
  railway: 'Railway token',
  postgres: 'PostgreSQL credential',
  mysql: 'MySQL credential',
  mongodb: 'MongoDB credential',
  redis: 'Redis credential',
  'url-password': 'password in an address',
  aws: 'AWS key',
  gcp: 'Google Cloud credential',
  azure: 'Azure key',
  github: 'GitHub token',
  gitlab: 'GitLab token',
  stripe: 'Stripe key',
  cloudflare: 'Cloudflare token',
  vercel: 'Vercel token',
  supabase: 'Supabase key',
  neon: 'Neon key',
  planetscale: 'PlanetScale credential',
  digitalocean: 'DigitalOcean token',
  fly: 'Fly.io token',
  render: 'Render key',
  heroku: 'Heroku key',
  netlify: 'Netlify token',
  npm: 'npm token',
  docker: 'container registry log-in',
  slack: 'Slack token',
  sentry: 'Sentry token',
  kubernetes: 'Kubernetes credential',
  terraform: 'Terraform Cloud token',
  pulumi: 'Pulumi token',
  'hashicorp-vault': 'HashiCorp Vault token',
  'private-key': 'private key',
  openai: 'OpenAI key',
  anthropic: 'Anthropic key',
  huggingface: 'Hugging Face token',
  sendgrid: 'SendGrid key',
  linear: 'Linear key',
  notion: 'Notion token',
  shopify: 'Shopify token',
  generic: 'secret of a kind that is not known',
};

/** What a kind is called, without an article. */
export function titleOf(kind: CredentialKind): string {
  return titles[kind];
}

/** `scripts/domains.sh:4`, or the variable's name. */
export function placeText({ place }: Finding, from?: string): string {
  if (place.kind === 'environment') return `environment variable ${place.key ?? ''}`.trimEnd();
  const inside = from !== undefined && place.path.startsWith(`${from}/`);
  return `${inside ? place.path.slice(from.length + 1) : place.path}:${place.line}`;
}

/** Places of one credential, the values being equal. */
export interface Credential {
  readonly fingerprint: string;
  readonly findings: readonly [Finding, ...Finding[]];
}

/** One entry for each credential, those that a provider is known for first, each with all its places. */
export function byCredential(findings: readonly Finding[]): readonly Credential[] {
  const groups = new Map<string, [Finding, ...Finding[]]>();
  for (const finding of findings) {
    const group = groups.get(finding.fingerprint);
    if (group === undefined) groups.set(finding.fingerprint, [finding]);
    else group.push(finding);
  }
  const rank = (kind: CredentialKind): number =>
    kind === 'railway' ? 0 : kind === 'postgres' ? 1 : kind === 'generic' ? 3 : 2;
  const all = [...groups].map(([fingerprint, members]) => ({ fingerprint, findings: members }));
  return all.toSorted((a, b) => rank(a.findings[0].kind) - rank(b.findings[0].kind));
}

const order: readonly Fact['about'][] = [
  'account',
  'form',
  'environments',
  'destroys',
  'power',
  'backups',
  'purpose',
  'expiry',
];

/**
 * One sentence about a credential: what it is, where, what it can destroy, whether backups are in its reach. What nobody has
 * proved is marked.
 */
export function sentenceOf({ findings }: Credential, from?: string): string {
  const [first, ...more] = findings;
  const where =
    more.length === 0
      ? placeText(first, from)
      : `${placeText(first, from)} and ${more.length} more ${more.length === 1 ? 'place' : 'places'}`;
  const facts = first.facts.toSorted((a, b) => order.indexOf(a.about) - order.indexOf(b.about));
  const sum = facts.find((fact) => fact.sums === true);
  const said = (sum === undefined ? facts : [sum]).map(factText);
  return `${titleOf(first.kind)} in ${where}${said.length === 0 ? '' : `: ${said.join('; ')}`}`;
}

export function factText({ about, says, certainty }: Fact): string {
  const text = about === 'destroys' && !says.startsWith('can ') ? `can destroy ${says}` : says;
  return certainty === 'proven' ? text : `${text} (${certainty})`;
}
