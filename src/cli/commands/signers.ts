import { existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { Signer as EnrolledSigner } from '../../contract/api.ts';
import type { Api } from '../api/api.ts';
import { misused } from '../complaint.ts';
import { exitCode } from '../exit-code.ts';
import type { Invocation, Run } from '../invocation.ts';
import { signedAct } from '../signing/act.ts';
import type { Places } from '../places.ts';
import type { KeyFile } from '../signing/key-file.ts';
import { newPassphrase } from '../signing/passphrase.ts';
import { createKey, findSigner, passphraseOptions, readKeyFile, slug } from '../signing/signer.ts';
import { printTable } from '../terminal/table.ts';

const newOptions = { fd: 'new-passphrase-fd', file: 'new-passphrase-file' } as const;

export const add: Run = async (invocation) => {
  const name = slug(invocation.needed(0));
  const code = invocation.text('code');
  const { out } = invocation;
  if (code !== undefined) {
    const { signer, path } = await enrolFirst(invocation, invocation.api(), name, code);
    out.show({ signer, key: path }, () => printEnrolled(invocation, signer, path));
    return exitCode.done;
  }
  const api = invocation.api();
  const by = await findSigner(invocation, api);
  const path = newKeyPath(invocation, name);
  const file = existsSync(path)
    ? readKeyFile(path)
    : await createKey(name, path, await newPassphrase(invocation, name, newOptions));
  const act = {
    kind: 'signer-add',
    body: { name, publicKey: file.publicKey },
    lines: [`${name} may approve whatever an agent asks for`, `public key ${file.publicKey}`],
  } as const;
  const signer = await signedAct<EnrolledSigner>(invocation, api, act, by);
  out.show({ signer, key: path }, () => printEnrolled(invocation, signer, path));
  return exitCode.done;
};

export const list: Run = async (invocation) => {
  const { out } = invocation;
  const found = await invocation.api().get<{ signers: readonly EnrolledSigner[] }>('/v1/signers');
  out.show(found, () => {
    if (found.signers.length === 0)
      return out.line(
        'nobody can sign yet: holdpoint signer add <name> --code <code>, with the one-time code of `holdpoint up`',
      );
    return printTable(
      out,
      ['name', 'id', 'added', 'by'],
      found.signers.map((one) => [['strong', one.name], one.id, one.addedAt, one.addedBy]),
    );
  });
  return exitCode.done;
};

export const remove: Run = async (invocation) => {
  const { out } = invocation;
  const api = invocation.api();
  const asked = invocation.needed(0);
  const { signers } = await api.get<{ signers: readonly EnrolledSigner[] }>('/v1/signers');
  const [signer, ...others] = signers.filter((one) => one.id === asked || one.name === asked);
  if (signer === undefined) throw misused(`there is no signer \`${asked}\``, 'list them: holdpoint signer list');
  if (others.length > 0) throw misused(`several keys are of \`${asked}\``, 'name one by its id: holdpoint signer list');
  const answer = await signedAct(invocation, api, {
    kind: 'signer-remove',
    body: { id: signer.id },
    lines: [`${signer.name} (${signer.id}) can sign nothing any more`],
  });
  out.show(answer, () =>
    out.line(['good', 'removed'], ` ${signer.name}; what they signed and did not run yet no longer counts`),
  );
  return exitCode.done;
};

/** Makes the first signer under the one-time code. A key that is already there is enrolled, never written over. */
export async function enrolFirst(
  invocation: Invocation,
  api: Api,
  name: string,
  code: string,
  places: Places = invocation.places,
): Promise<{ readonly signer: EnrolledSigner; readonly path: string }> {
  const path = newKeyPath(invocation, name, places);
  let file: KeyFile;
  if (existsSync(path)) {
    file = readKeyFile(path);
    invocation.out.note(`the key that is already in ${path} is enrolled`);
  } else {
    file = await createKey(name, path, await newPassphrase(invocation, name, passphraseOptions));
  }
  const signer = await api.post<EnrolledSigner>('/v1/signers/first', { code, name, publicKey: file.publicKey });
  return { signer, path };
}

/** A name for whoever sits here: of their own account, not of the one that sudo made them. */
export function ownName(invocation: Invocation): string {
  const name = invocation.env['SUDO_USER'] ?? userInfo().username;
  const plain = name
    .toLowerCase()
    .replace(/[^a-z0-9-]/g, '-')
    .replace(/^[^a-z]+/, '');
  return plain === '' ? 'me' : plain.slice(0, 40);
}

function newKeyPath(invocation: Invocation, name: string, places: Places = invocation.places): string {
  return invocation.text('newKey') ?? join(places.signers, `${name}.key`);
}

function printEnrolled(invocation: Invocation, signer: EnrolledSigner, path: string): void {
  const { out } = invocation;
  out.line(['good', 'enrolled'], ` ${signer.name} (${signer.id})`);
  out.line(`  key: ${path}, sealed under the passphrase; keep a copy elsewhere, nobody can make it again`);
}
