import type { Candidate, Rule } from './candidate.ts';
import { isPlaceholder } from './placeholder.ts';

const key =
  /-----BEGIN ((?:[A-Z0-9]+ ){0,3})PRIVATE KEY(?: BLOCK)?-----([\s\S]{1,20000}?)-----END \1PRIVATE KEY(?: BLOCK)?-----/g;

/** Whole private keys, also folded into one line with `\n`. An encrypted one counts: its passphrase may be beside it. */
export const privateKeyRule: Rule = {
  name: 'private keys',
  literals: ['private key'],
  *find({ document }): Generator<Candidate> {
    if (
      document.kind === 'file' &&
      /(?:^|[/._-])(?:tests?|__tests__|fixtures?|testdata|examples?|spec|certs?\/test)(?:[/._-]|$)/i.test(
        document.within,
      )
    )
      return;
    const account = document.text.includes('"client_email"') && document.text.includes('service_account');
    for (const match of document.text.matchAll(key)) {
      const [value, , inner = ''] = match;
      const body = inner.replaceAll(/\\r|\\n|[\s"'+,\\]/g, '');
      if (body.length < 100 || !/^[A-Za-z0-9+/=:.-]+$/.test(body) || isPlaceholder(body.slice(40, 100))) continue;
      yield {
        kind: account ? 'gcp' : 'private-key',
        start: match.index,
        end: match.index + value.length,
        value,
        masked: `a private key (${value.length} characters)`,
        why: account
          ? 'it is the private key of a service account of Google Cloud'
          : /ENCRYPTED/.test(value)
            ? 'it is a private key, encrypted'
            : 'it is a private key',
        certainty: 'inferred',
        strength: 3,
      };
    }
  },
};
