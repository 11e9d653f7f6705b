import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ask } from './ask.ts';
import { attempt, type Target, type Try } from '../target.ts';
import { actDigest, type ActStatement } from '../../../model/act.ts';

/** Signs a token for itself with a key that nobody enrolled, and where the first signer is enrolled tries to be it. */
export const mintToken: Try = async (target) => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const statement: ActStatement = {
    kind: 'token-create',
    body: {
      name: 'doctor',
      kind: 'human',
      purpose: 'an attack of holdpoint doctor',
      gates: ['http'],
      presets: [],
      operations: [],
      environments: [],
      resources: 'all',
      minutes: 1,
    },
    signer: `sg_${'0'.repeat(26)}`,
    signedAt: new Date().toISOString(),
    number: randomBytes(16).toString('base64url'),
  };
  const signature = sign(null, Buffer.from(actDigest(statement)), privateKey).toString('base64url');
  const token = foundToken(target);
  const given = { ...(token === undefined ? {} : { token }), body: { act: { statement, signature } } };
  const minted = await ask('POST', `${target.api}/v1/acts`, given);
  if (minted.status === 200)
    return [attempt('mint-token', 'succeeded', 'a token was made under a signature of a key that nobody enrolled')];
  if (minted.status === undefined) return [attempt('mint-token', 'unclear', `the API does not answer: ${minted.why}`)];
  // While nobody is enrolled a wrong code would use up one of the five tries that a human has.
  if (!target.hasSigner) return [attempt('mint-token', 'refused', `${minted.status}; nobody is enrolled yet`)];
  const key = publicKey.export({ type: 'spki', format: 'der' }).toString('base64url');
  const body = { code: randomBytes(9).toString('base64url'), name: 'doctor', publicKey: key };
  const enrolled = await ask('POST', `${target.api}/v1/signers/first`, { body });
  if (enrolled.status === 200) return [attempt('mint-token', 'succeeded', 'a signer was enrolled with a made-up code')];
  if (enrolled.status === undefined) return [attempt('mint-token', 'unclear', `no answer: ${enrolled.why}`)];
  return [attempt('mint-token', 'refused', `a token: ${minted.status}; a signer: ${enrolled.status}`)];
};

function foundToken({ humanToken }: Target): string | undefined {
  try {
    return readFileSync(humanToken, 'utf8').trim();
  } catch {
    return undefined;
  }
}
