import { join } from 'node:path';

/** Where one installation keeps its files. Everything is the service user's alone but for `open/`, which agents read. */
export interface Places {
  readonly data: string;
  readonly database: string;
  /** The key that wraps the vault's data key; never in the database. */
  readonly vaultKey: string;
  /** Token with which the human at this machine talks to the API. */
  readonly humanToken: string;
  readonly signers: string;
  /** Pid, ports and addresses of the running daemon. */
  readonly running: string;
  readonly diagnostics: string;
  /** Readable by agents: the certificate bundle. */
  readonly open: string;
  readonly bundle: string;
}

export function placesIn(data: string): Places {
  const open = join(data, 'open');
  return {
    data,
    database: join(data, 'state', 'holdpoint.db'),
    vaultKey: join(data, 'keys', 'vault.key'),
    humanToken: join(data, 'human.token'),
    signers: join(data, 'signers'),
    running: join(open, 'running.json'),
    diagnostics: join(data, 'diagnostics.log'),
    open,
    bundle: join(open, 'ca-bundle.pem'),
  };
}
