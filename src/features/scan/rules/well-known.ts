import { lintSource } from '@secretlint/core';
import { rules } from '@secretlint/secretlint-rule-preset-recommend';
import type { CredentialKind } from '../finding.ts';
import type { Candidate, Text } from './candidate.ts';
import { masked } from './mask.ts';
import { isPlaceholder } from './placeholder.ts';

/** Rules of the library's preset → the kinds that they see. Not asked: addresses and private keys, which ours read closer. */
const kinds: { readonly [rule: string]: CredentialKind } = {
  aws: 'aws',
  gcp: 'gcp',
  npm: 'npm',
  slack: 'slack',
  sendgrid: 'sendgrid',
  shopify: 'shopify',
  stripe: 'stripe',
  github: 'github',
  gitlab: 'gitlab',
  grafana: 'generic',
  openai: 'openai',
  anthropic: 'anthropic',
  groq: 'generic',
  huggingface: 'huggingface',
  linear: 'linear',
  notion: 'notion',
  '1password': 'generic',
  'hashicorp-vault': 'hashicorp-vault',
  vercel: 'vercel',
  databricks: 'generic',
  docker: 'docker',
  figma: 'generic',
  cloudflare: 'cloudflare',
  tailscale: 'generic',
};

/** Without one of these (lower case) none of the library's rules can see anything. */
export const wellKnownLiterals: readonly string[] = [
  'aws',
  'akia',
  'asia',
  'private_key',
  'private key',
  'npm_',
  '_authtoken',
  '_password',
  'xox',
  'hooks.slack.com',
  'sg.',
  'shpat_',
  'shpca_',
  'shppa_',
  'shpss_',
  'sk_live_',
  'rk_live_',
  'ghp_',
  'gho_',
  'ghu_',
  'ghs_',
  'ghr_',
  'github_pat_',
  'glpat-',
  'gldt-',
  'glrt-',
  'glcbt-',
  'glptt-',
  'glft-',
  'glimt-',
  'glagent-',
  'gloas-',
  'glsoat-',
  'glffct-',
  'glc_',
  'glsa_',
  'eyjrijoi',
  'sk-proj-',
  'sk-ant-',
  'sk-svcacct-',
  't3blbkfj',
  'gsk_',
  'hf_',
  'lin_api_',
  'lin_oauth_',
  'ntn_',
  'secret_',
  'ops_ey',
  'hvs.',
  'hvb.',
  'hvr.',
  'vcp_',
  'vci_',
  'vca_',
  'vcr_',
  'vck_',
  'dapi',
  'dckr_pat_',
  'dckr_oat_',
  'figd_',
  'cfk_',
  'cfut_',
  'cfat_',
  'tskey-',
];

/** What may be shown: a prefix that ends with `_`, `-` or `.` and says only the kind. */
const shownPrefix =
  /^(?:github_pat_|dckr_[po]at_|sk_live_|rk_live_|sk-ant-|sk-proj-|xox[a-z]-|AKIA|ASIA|[A-Za-z]{2,6}[_.-])/;

/** Only the rules: a comment in the file must not be able to silence them. */
function ruleSet() {
  return rules
    .filter((rule) => (rule.meta.id.split('secretlint-rule-')[1] ?? '') in kinds)
    .map((rule) => ({ id: rule.meta.id, rule, options: {} }));
}

/** Asks secretlint's rules. Its message is not used: it quotes the value. */
export async function findWellKnown({ document }: Text): Promise<readonly Candidate[]> {
  const content = document.text;
  const source = { filePath: document.path, content, ext: '', contentType: 'text' as const };
  const result = await lintSource({ source, options: { config: { rules: ruleSet() }, noPhysicFilePath: true } });
  return result.messages.flatMap(({ ruleId, range, data }) => {
    const kind = kinds[ruleId.split('secretlint-rule-')[1] ?? ''];
    if (kind === undefined) return [];
    const { value, start } = valueAt(content, range, data);
    if (value === '' || isPlaceholder(bodyOf(value))) return [];
    const prefix = shownPrefix.exec(value)?.[0] ?? '';
    const why = `it has the form of a credential of ${named(ruleId)}`;
    const candidate: Candidate = {
      kind,
      start,
      end: start + value.length,
      value,
      masked: masked(value, prefix),
      why,
      certainty: 'inferred',
      strength: 3,
    };
    return [candidate];
  });
}

/** Some rules mark the name too, or not the whole value: what their data says is looked for where they marked. */
function valueAt(
  content: string,
  [from, to = from]: readonly number[],
  data: unknown,
): { value: string; start: number } {
  const texts = typeof data === 'object' && data !== null ? Object.values(data as object) : [];
  const near = content.slice(from, (to ?? 0) + 200);
  const said = texts.find(
    (text): text is string => typeof text === 'string' && text.length >= 8 && near.includes(text),
  );
  const marked = said ?? content.slice(from, to);
  const value = /[\w.-]["'`]?\s*(?:=>|[:=])\s*["'`]?([A-Za-z0-9/+=_-]{16,})$/.exec(marked)?.[1] ?? marked;
  return { value, start: content.indexOf(value, from) };
}

function bodyOf(value: string): string {
  return value.replace(shownPrefix, '');
}

function named(ruleId: string): string {
  const name = ruleId.split('secretlint-rule-')[1] ?? '';
  const names: { readonly [name: string]: string } = {
    aws: 'AWS',
    gcp: 'Google Cloud',
    github: 'GitHub',
    gitlab: 'GitLab',
    openai: 'OpenAI',
    huggingface: 'Hugging Face',
    sendgrid: 'SendGrid',
    '1password': '1Password',
    'hashicorp-vault': 'HashiCorp Vault',
    npm: 'npm',
  };
  return names[name] ?? name.charAt(0).toUpperCase() + name.slice(1);
}
