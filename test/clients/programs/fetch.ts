import { readFileSync } from 'node:fs';

// Node's own fetch, as an agent's script would call it: `node fetch.ts <url> <body file>`.
const [url = '', body = ''] = process.argv.slice(2);
try {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${process.env['RAILWAY_TOKEN'] ?? ''}`, 'content-type': 'application/json' },
    body: readFileSync(body),
  });
  console.log(await answer.text());
} catch (error) {
  const { message, cause } = error as Error & { cause?: Error & { code?: string } };
  console.error(message, cause?.code ?? '', cause?.message ?? '');
  process.exitCode = 1;
}
