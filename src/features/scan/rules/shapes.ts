import type { CredentialKind } from '../finding.ts';
import type { Candidate, Rule, Text } from './candidate.ts';
import { masked } from './mask.ts';
import { isPlaceholder, isRandom } from './placeholder.ts';

/** A credential that its own form gives away. */
interface Shape {
  readonly kind: CredentialKind;
  /** What it begins with, and what may be shown of it. */
  readonly starts: string;
  /** What follows, as a pattern. */
  readonly body: string;
  readonly what: string;
  /** Least Shannon bits a character of the body. */
  readonly bits?: number;
}

/** Forms that the library's rules do not know. */
const shapes: readonly Shape[] = [
  { kind: 'supabase', starts: 'sb_secret_', body: '[A-Za-z0-9_-]{22,64}', what: 'a Supabase secret key' },
  {
    kind: 'supabase',
    starts: 'sbp_',
    body: '(?:fc|v0_|oauth_)?[a-f0-9]{40}',
    what: 'a Supabase personal access token',
  },
  { kind: 'neon', starts: 'napi_', body: '[a-z0-9]{48,72}', what: 'a Neon API key' },
  { kind: 'digitalocean', starts: 'dop_v1_', body: '[a-f0-9]{64}', what: 'a DigitalOcean personal access token' },
  { kind: 'digitalocean', starts: 'doo_v1_', body: '[a-f0-9]{64}', what: 'a DigitalOcean OAuth token' },
  { kind: 'digitalocean', starts: 'dor_v1_', body: '[a-f0-9]{64}', what: 'a DigitalOcean refresh token' },
  { kind: 'fly', starts: 'fo1_', body: '[A-Za-z0-9_-]{40,64}', what: 'a Fly.io access token' },
  { kind: 'fly', starts: 'fm1r_', body: '[A-Za-z0-9+/=_-]{80,2000}', what: 'a Fly.io macaroon' },
  { kind: 'fly', starts: 'fm1a_', body: '[A-Za-z0-9+/=_-]{80,2000}', what: 'a Fly.io macaroon' },
  { kind: 'fly', starts: 'fm2_', body: '[A-Za-z0-9+/=_-]{80,2000}', what: 'a Fly.io macaroon' },
  { kind: 'render', starts: 'rnd_', body: '[A-Za-z0-9]{28,40}', what: 'a Render API key' },
  { kind: 'heroku', starts: 'HRKU-', body: '[A-Za-z0-9_-]{30,80}', what: 'a Heroku API key' },
  { kind: 'netlify', starts: 'nfp_', body: '[A-Za-z0-9]{32,48}', what: 'a Netlify personal access token' },
  { kind: 'planetscale', starts: 'pscale_tkn_', body: '[\\w.=-]{32,64}', what: 'a PlanetScale service token' },
  { kind: 'planetscale', starts: 'pscale_oauth_', body: '[\\w.=-]{32,64}', what: 'a PlanetScale OAuth token' },
  { kind: 'planetscale', starts: 'pscale_pw_', body: '[\\w.=-]{32,64}', what: 'a PlanetScale database password' },
  { kind: 'sentry', starts: 'sntrys_', body: '[A-Za-z0-9+/=_]{60,400}', what: 'a Sentry organisation token' },
  { kind: 'sentry', starts: 'sntryu_', body: '[a-f0-9]{64}', what: 'a Sentry user token' },
  { kind: 'pulumi', starts: 'pul-', body: '[a-f0-9]{40}', what: 'a Pulumi access token' },
  { kind: 'stripe', starts: 'sk_org_live_', body: '[A-Za-z0-9]{20,247}', what: 'a Stripe organisation key' },
  { kind: 'stripe', starts: 'sk_live_', body: '[A-Za-z0-9]{16,247}', what: 'a Stripe secret key' },
  { kind: 'stripe', starts: 'rk_live_', body: '[A-Za-z0-9]{16,247}', what: 'a Stripe restricted key' },
  { kind: 'stripe', starts: 'sk_test_', body: '[A-Za-z0-9]{24,247}', what: 'a Stripe test key', bits: 3.5 },
  { kind: 'stripe', starts: 'rk_test_', body: '[A-Za-z0-9]{24,247}', what: 'a Stripe restricted test key', bits: 3.5 },
  { kind: 'stripe', starts: 'whsec_', body: '[A-Za-z0-9+/=]{32,64}', what: 'a webhook’s signing secret', bits: 3.5 },
  { kind: 'gcp', starts: 'AIza', body: '[A-Za-z0-9_-]{35}', what: 'a Google API key' },
  { kind: 'gcp', starts: 'GOCSPX-', body: '[A-Za-z0-9_-]{28}', what: 'a Google OAuth client secret' },
  { kind: 'gcp', starts: 'ya29.', body: '[A-Za-z0-9_-]{60,400}', what: 'a Google access token' },
  { kind: 'gitlab', starts: 'glpat-', body: '[A-Za-z0-9_.-]{20,64}', what: 'a GitLab personal access token' },
  { kind: 'npm', starts: 'npm_', body: '[A-Za-z0-9]{36}', what: 'an npm token' },
  { kind: 'docker', starts: 'dckr_pat_', body: '[A-Za-z0-9_-]{27,36}', what: 'a Docker personal access token' },
  { kind: 'docker', starts: 'dckr_oat_', body: '[A-Za-z0-9_-]{32,36}', what: 'a Docker organisation token' },
  { kind: 'cloudflare', starts: 'cfut_', body: '[A-Za-z0-9]{36,64}', what: 'a Cloudflare user token' },
  { kind: 'cloudflare', starts: 'cfat_', body: '[A-Za-z0-9]{36,64}', what: 'a Cloudflare account token' },
  {
    kind: 'cloudflare',
    starts: 'cfk_',
    body: '[A-Za-z0-9]{36,64}',
    what: 'a Cloudflare global key: the whole account',
  },
  { kind: 'vercel', starts: 'vcp_', body: '[A-Za-z0-9_-]{20,80}', what: 'a Vercel personal token' },
  { kind: 'vercel', starts: 'vca_', body: '[A-Za-z0-9_-]{20,80}', what: 'a Vercel app token' },
  { kind: 'vercel', starts: 'vck_', body: '[A-Za-z0-9_-]{20,80}', what: 'a Vercel AI gateway key' },
  {
    kind: 'vercel',
    starts: 'vercel_blob_rw_',
    body: '[A-Za-z0-9_]{20,80}',
    what: 'a Vercel Blob read and write token',
  },
  {
    kind: 'sendgrid',
    starts: 'SG.',
    body: '[A-Za-z0-9_-]{20,24}\\.[A-Za-z0-9_-]{39,50}',
    what: 'a SendGrid key',
  },
  { kind: 'generic', starts: 'pypi-AgE', body: '[A-Za-z0-9_-]{60,400}', what: 'a PyPI token' },
  { kind: 'generic', starts: 'rubygems_', body: '[a-f0-9]{48}', what: 'a RubyGems key' },
  { kind: 'generic', starts: 'dp.pt.', body: '[A-Za-z0-9]{40,44}', what: 'a Doppler token' },
  {
    kind: 'generic',
    starts: 'dp.st.',
    body: '(?:[a-z0-9_-]{2,35}\\.)?[A-Za-z0-9]{40,44}',
    what: 'a Doppler service token',
  },
  { kind: 'generic', starts: 'AGE-SECRET-KEY-1', body: '[A-Z0-9]{58}', what: 'an age identity' },
  { kind: 'generic', starts: 'PMAK-', body: '[a-f0-9]{24}-[a-f0-9]{34}', what: 'a Postman API key' },
  { kind: 'generic', starts: 'EAACEdEose0cBA', body: '[A-Za-z0-9]{20,300}', what: 'a Facebook token' },
  { kind: 'generic', starts: 'shpat_', body: '[a-fA-F0-9]{32}', what: 'a Shopify token' },
];

const terraform = /(?<![A-Za-z0-9])[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{60,70}/g;
const azureKey = /(?:AccountKey|SharedAccessKey)=([A-Za-z0-9+/]{42,88}={0,2})/g;

function* findShapes({ document, literals }: Text): Generator<Candidate> {
  const { text } = document;
  for (const shape of shapes) {
    if (!literals.has(shape.starts.toLowerCase())) continue;
    const escaped = shape.starts.replaceAll('.', '\\.');
    for (const match of text.matchAll(new RegExp(`(?<![A-Za-z0-9_])${escaped}(${shape.body})(?![A-Za-z0-9])`, 'g'))) {
      const [value, body = ''] = match;
      const weak = shape.bits === undefined ? isPlaceholder(body) : !isRandom(body, shape.bits);
      if (weak) continue;
      yield {
        kind: shape.kind,
        start: match.index,
        end: match.index + value.length,
        value,
        masked: masked(value, shape.starts),
        why: `it begins like ${shape.what}`,
        certainty: 'inferred',
        strength: 3,
      };
    }
  }
}

function* findOthers({ document, literals }: Text): Generator<Candidate> {
  const { text } = document;
  if (literals.has('.atlasv1.')) {
    for (const match of text.matchAll(terraform)) {
      const [value] = match;
      if (isPlaceholder(value)) continue;
      const why = 'it has the form of a Terraform Cloud token';
      yield {
        kind: 'terraform',
        start: match.index,
        end: match.index + value.length,
        value,
        masked: masked(value),
        why,
        certainty: 'inferred',
        strength: 3,
      };
    }
  }
  if (literals.has('accountkey=') || literals.has('sharedaccesskey=')) {
    for (const match of text.matchAll(azureKey)) {
      const value = match[1] ?? '';
      if (!isRandom(value, 4)) continue;
      const start = match.index + match[0].length - value.length;
      const why = 'it is the key in an Azure connection string';
      yield {
        kind: 'azure',
        start,
        end: start + value.length,
        value,
        masked: masked(value),
        why,
        certainty: 'inferred',
        strength: 3,
      };
    }
  }
}

export const shapeRule: Rule = {
  name: 'forms of providers',
  literals: [...shapes.map((shape) => shape.starts.toLowerCase()), '.atlasv1.', 'accountkey=', 'sharedaccesskey='],
  *find(text) {
    yield* findShapes(text);
    yield* findOthers(text);
  },
};
