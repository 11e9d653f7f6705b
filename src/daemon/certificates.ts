import { createHash } from 'node:crypto';
import { chmod, rename, writeFile } from 'node:fs/promises';
import { rootCertificates } from 'node:tls';
import type { Config } from './config.ts';
import { claimed } from './providers.ts';
import type { Rooms } from './rooms.ts';
import { isoTime } from '../contract/clock.ts';
import { textIn, type StoredRecord } from '../contract/store.ts';
import { type Authority, authorityHosts, renewalDays } from '../gates/http/authority/authority.ts';
import { type MadeFor, openAuthority } from '../gates/http/authority/open-authority.ts';

/** The certificate authority that agents' clients trust, and what people have to know of it. */
export interface Certificates {
  readonly authority: Authority;
  /** What has to be restarted, for this configuration; empty when nothing has to. */
  readonly notices: (config: Config) => readonly string[];
}

const key = 'http.authority';
const day = 86_400_000;
/** How long `status` says that a new authority has to be trusted. */
const tellFor = 7 * day;

/** Hosts whose TLS is ours to read: those that providers claim, and with `egress: listed` those of the list. */
export function decryptedHosts(config: Pick<Config, 'egress' | 'hosts'>): readonly string[] {
  return authorityHosts(config.egress === 'listed' ? [...claimed, ...config.hosts] : claimed);
}

/**
 * Opens the authority for the hosts of now, or makes another where the hosts changed or it expires soon: sealed in the
 * Store and journaled in one transaction. Writes the bundle that agents trust.
 */
export async function openCertificates(
  rooms: Pick<Rooms, 'road' | 'vault' | 'journal' | 'installation' | 'places' | 'clock'>,
): Promise<Certificates> {
  const { road, vault, journal, installation, places, clock } = rooms;
  const authority = await openAuthority({
    hosts: decryptedHosts(installation.config),
    clock,
    keep: {
      async read() {
        const stored = await road.store.get('settings', key);
        if (stored === undefined) return undefined;
        return Buffer.from(vault.unseal(textIn(stored, 'sealed'), key)).toString('utf8');
      },
      async write(pems, { authority, reason }) {
        const at = isoTime(clock.now());
        await road.store.transact(async (tx) => {
          await tx.put('settings', key, { sealed: vault.seal(Buffer.from(pems), key), madeAt: at, reason });
          await journal.append(tx, {
            kind: 'vault-changed',
            body: { change: 'authority', reason, ...shownOf(authority) },
          });
        });
      },
    },
  });
  await writeBundle(places.bundle, authority.bundle(rootCertificates.join('\n')));
  const stored = (await road.store.get('settings', key)) ?? {};
  return {
    authority,
    notices: (config) => [...toTrust(stored, clock.now()), ...toRestart(authority, config, clock.now())],
  };
}

function shownOf(authority: Authority): {
  readonly hosts: readonly string[];
  readonly expiresAt: string;
  readonly sha256: string;
} {
  const der = Buffer.from(authority.certificate.replaceAll(/-----[A-Z ]+-----|\s/g, ''), 'base64');
  const sha256 = createHash('sha256').update(der).digest('hex');
  return { hosts: authority.hosts, expiresAt: isoTime(authority.expiresAt), sha256 };
}

/** Whole or not at all: agents read it while it is replaced. */
async function writeBundle(path: string, pem: string): Promise<void> {
  const fresh = `${path}.new`;
  await writeFile(fresh, pem, { mode: 0o644 });
  await chmod(fresh, 0o644);
  await rename(fresh, path);
}

const because: { readonly [reason in Exclude<MadeFor, 'first'>]: string } = {
  hosts: 'the hosts that are decrypted changed',
  expiry: 'the one before was about to expire',
};

function toTrust(stored: StoredRecord, now: number): readonly string[] {
  const reason = stored['reason'];
  const madeAt = textIn(stored, 'madeAt');
  if ((reason !== 'hosts' && reason !== 'expiry') || !(now - Date.parse(madeAt) < tellFor)) return [];
  return [`${because[reason]}: a new certificate was made at ${madeAt}; restart agents to trust the new certificate`];
}

function toRestart(authority: Authority, config: Config, now: number): readonly string[] {
  const wanted = decryptedHosts(config);
  const added = wanted.filter((host) => !authority.hosts.includes(host));
  const removed = authority.hosts.filter((host) => !wanted.includes(host));
  const notices: string[] = [];
  if (added.length > 0 || removed.length > 0) {
    const lists = [
      added.length === 0 ? '' : `new: ${added.join(', ')}`,
      removed.length === 0 ? '' : `gone: ${removed.join(', ')}`,
    ];
    const changed = lists.filter((list) => list !== '').join('; ');
    const until = added.length === 0 ? '' : '; until then the new ones are refused';
    notices.push(
      `the hosts that are decrypted changed (${changed}): restart holdpoint, which then makes a new certificate, and after it the agents${until}`,
    );
  }
  if (authority.expiresAt - renewalDays * day < now)
    notices.push(
      `the certificate expires at ${isoTime(authority.expiresAt)}: restart holdpoint, and after it the agents`,
    );
  return notices;
}
