import { readFileSync } from 'node:fs';

// Stands in for Railway's command line, whose program npm does not bring: it is downloaded when the package is installed.
// What it does is what that program's source does: the host is built in; RAILWAY_TOKEN goes out as a project token, else
// RAILWAY_API_TOKEN as a bearer; of an answer with errors it shows `errors[0].message` alone, and words of its own in place
// of one that says "not authorized"; an answer that is not GraphQL's failed to be fetched.
const endpoint = 'https://backboard.railway.com/graphql/v2';
const [body = ''] = process.argv.slice(2);
const { RAILWAY_TOKEN: project = '', RAILWAY_API_TOKEN: account = '' } = process.env;

interface Answer {
  readonly data?: unknown;
  readonly errors?: readonly { readonly message: string }[];
}

/** What it says on stderr; undefined when all went well. */
async function post(): Promise<string | undefined> {
  if (project === '' && account === '') return 'Unauthorized. Please login with `railway login`';
  const signedIn: Record<string, string> =
    project === '' ? { authorization: `Bearer ${account}` } : { 'project-access-token': project };
  let answer: Answer;
  try {
    const response = await fetch(endpoint, {
      method: 'POST',
      headers: { ...signedIn, 'x-source': 'CLI', 'user-agent': 'CLI', 'content-type': 'application/json' },
      body: readFileSync(body),
    });
    if (response.status === 429) return 'You are being ratelimited. Please try again later';
    answer = (await response.json()) as Answer;
  } catch (error) {
    const { message, cause } = error as Error & { cause?: { code?: string } };
    return `Failed to fetch: ${message} ${cause?.code ?? ''}`;
  }
  const [first] = answer.errors ?? [];
  if (first !== undefined)
    return first.message.toLowerCase().includes('not authorized')
      ? 'Unauthorized. Please login with `railway login`'
      : first.message;
  if (answer.data === undefined || answer.data === null) return 'Failed to get data from GraphQL response';
  console.log(JSON.stringify(answer.data));
  return undefined;
}

const failed = await post();
if (failed !== undefined) {
  console.error(failed);
  process.exitCode = 1;
}
