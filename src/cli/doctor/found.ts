import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ask } from './attacks/ask.ts';
import { attempt, some, type AttackerReport, type Target } from './target.ts';
import type { Api } from '../api/api.ts';
import type { Signer } from '../../contract/api.ts';
import type { Attempt } from '../../features/doctor/tier.ts';

const humanToken = /hph_[0-9A-HJKMNP-TV-Z]{26}_[A-Za-z0-9_-]{43}/;
const atOnce = 5_000;

/** Which of the texts that lie readable are ours: credentials of the vault, its key, humans' tokens, signers' keys. */
export async function judgeFound(report: AttackerReport, target: Target, api: Api): Promise<readonly Attempt[]> {
  const found = [
    ...(await keptByVault(report, api)),
    ...vaultKey(report, target),
    ...(await humanTokens(report, target)),
    ...(await enrolledKeys(report, api)),
  ];
  if (found.length > 0) return [attempt('find-credentials', 'succeeded', some(found, 6).slice(0, 1_900))];
  const looked = `${report.candidates.length} texts in ${some(target.searched)}`;
  if (report.isCutShort)
    return [
      attempt(
        'find-credentials',
        'unclear',
        `only ${looked}: the search was cut, there is more than it takes or it took too long; start it in a smaller folder, or name less`,
      ),
    ];
  return [attempt('find-credentials', 'refused', `${looked}: none is ours`)];
}

async function keptByVault({ candidates }: AttackerReport, api: Api): Promise<readonly string[]> {
  const found: string[] = [];
  for (let from = 0; from < candidates.length;) {
    const part: string[] = [];
    let size = 0;
    // The API takes a mebibyte.
    for (let at = from; at < candidates.length && part.length < atOnce && size < 400_000; at++) {
      const { text } = candidates[at] ?? { text: '' };
      part.push(text);
      size += Buffer.byteLength(text) * 2;
    }
    const { kept } = await api.post<{ kept: readonly { index: number; name: string }[] }>('/v1/doctor/kept', {
      texts: part,
    });
    for (const { index, name } of kept) found.push(`vault:${name} in ${candidates[from + index]?.path ?? '?'}`);
    from += part.length;
  }
  return found;
}

function vaultKey({ candidates }: AttackerReport, { data }: Target): readonly string[] {
  let key: string;
  try {
    key = readFileSync(join(data, 'keys', 'vault.key'), 'utf8').trim();
  } catch {
    return [];
  }
  return candidates.filter((one) => one.text === key).map((one) => `the vault’s key in ${one.path}`);
}

async function humanTokens({ candidates }: AttackerReport, { api }: Target): Promise<readonly string[]> {
  const found: string[] = [];
  for (const { path, text } of candidates) {
    const token = humanToken.exec(text)?.[0];
    if (token === undefined) continue;
    const { status } = await ask('GET', `${api}/v1/whoami`, { token });
    if (status === 200) found.push(`a human’s token in ${path}`);
  }
  return [...new Set(found)];
}

async function enrolledKeys({ signerKeys }: AttackerReport, api: Api): Promise<readonly string[]> {
  if (signerKeys.length === 0) return [];
  const { signers } = await api.get<{ signers: readonly Signer[] }>('/v1/signers');
  return signerKeys.flatMap(({ path, publicKey }) => {
    const signer = signers.find((one) => one.publicKey === publicKey);
    return signer === undefined ? [] : [`the signer’s key of ${signer.name} in ${path}`];
  });
}
