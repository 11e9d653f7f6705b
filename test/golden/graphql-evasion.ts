import { moreEvasions } from './graphql-evasion-more.ts';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';

/** Ids that the cases aim at; the provider's own tests may pass any, whole-system tests pass the double's. */
export interface EvasionIds {
  readonly project: string;
  readonly environment: string;
  readonly service: string;
  readonly volume: string;
  readonly volumeInstance: string;
  readonly backup: string;
}

/**
 * One attempt to have something irreversible read as something mild, or not be read at all.
 * - `refused`: nothing may be forwarded, whoever asks
 * - `irreversible`: it is read, and read as irreversible (or worse): held or denied
 */
export interface EvasionCase {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly headers: { readonly [name: string]: string };
  readonly body: string | Uint8Array;
  readonly why: string;
  readonly expect: 'refused' | 'irreversible';
}

export const someIds: EvasionIds = {
  project: '11111111-1111-4111-8111-111111111111',
  environment: '22222222-2222-4222-8222-222222222222',
  service: '33333333-3333-4333-8333-333333333333',
  volume: '44444444-4444-4444-8444-444444444444',
  volumeInstance: '55555555-5555-4555-8555-555555555555',
  backup: '66666666-6666-4666-8666-666666666666',
};

const path = '/graphql/v2';
const json = { 'content-type': 'application/json' };

export function evasionCases(ids: EvasionIds = someIds): readonly EvasionCase[] {
  return [
    ...documents(ids),
    ...operations(ids),
    ...escalated(ids),
    ...malformedJson(ids),
    ...otherDoors(ids),
    ...batches(ids),
    ...malformedDocuments(ids),
    ...encoded(ids),
    ...moreEvasions(ids),
  ];
}

function post(id: string, expect: EvasionCase['expect'], why: string, body: unknown): EvasionCase {
  const text = typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body);
  return { id, method: 'POST', path, headers: json, body: text, why, expect };
}

function documents({ volume }: EvasionIds): readonly EvasionCase[] {
  const call = `volumeDelete(volumeId: "${volume}")`;
  const forms: readonly (readonly [string, string, string, object?])[] = [
    ['plain', 'the incident itself', `mutation { ${call} }`],
    ['named-mildly', 'an operation named like a read', `mutation getVolumes { ${call} }`],
    ['named-like-a-preset', 'an operation named like an admitted one', `mutation customDomainCreate { ${call} }`],
    ['alias', 'another key in the answer', `mutation { customDomainCreate: ${call} }`],
    ['alias-twice', 'hidden behind its own second call', `mutation { a: ${call} b: ${call} }`],
    ['alias-of-true', 'an alias that looks like an answer', `mutation { __: ${call} }`.replace('__', '_')],
    ['fragment', 'in a fragment', `mutation { ...F } fragment F on Mutation { ${call} }`],
    ['fragment-before', 'in a fragment that stands first', `fragment F on Mutation { ${call} } mutation { ...F }`],
    [
      'fragments-nested',
      'three fragments down',
      `mutation { ...A } fragment A on Mutation { ...B } fragment B on Mutation { ...C } fragment C on Mutation { ${call} }`,
    ],
    ['fragment-alias', 'in a fragment, under an alias', `mutation { ...F } fragment F on Mutation { ok: ${call} }`],
    ['inline-fragment', 'in an inline fragment', `mutation { ... on Mutation { ${call} } }`],
    ['inline-bare', 'in an inline fragment without a type', `mutation { ... { ... { ${call} } } }`],
    ['inline-included', 'an inline fragment that is included', `mutation { ... @include(if: true) { ${call} } }`],
    ['skip-false', 'skipped if false', `mutation { ${call} @skip(if: false) }`],
    ['skip-true', 'skipped, says the document', `mutation { ${call} @skip(if: true) }`],
    [
      'include-variable',
      'included by a variable',
      `mutation ($i: Boolean = false) { ${call} @include(if: $i) }`,
      { i: true },
    ],
    [
      'spread-directive',
      'a spread under a directive',
      `mutation ($i: Boolean!) { ...F @include(if: $i) } fragment F on Mutation { ${call} }`,
      { i: true },
    ],
    ['variable', 'the id in a variable', 'mutation ($v: String!) { volumeDelete(volumeId: $v) }', { v: volume }],
    ['variable-default', 'the id in a default', `mutation ($v: String! = "${volume}") { volumeDelete(volumeId: $v) }`],
    [
      'variable-null-free',
      'the default is not overridden by another variable',
      `mutation ($v: String! = "${volume}") { volumeDelete(volumeId: $v) }`,
      { w: 'x' },
    ],
    [
      'comment',
      'a comment that says it is a query',
      `# query { me { id } }\nmutation { # customDomainCreate\n ${call} }`,
    ],
    [
      'comment-in-arguments',
      'a comment inside the arguments',
      `mutation { volumeDelete( # (volumeId: "x")\n volumeId: "${volume}") }`,
    ],
    ['commas', 'commas for spaces', `mutation,,{,,volumeDelete,,(,,volumeId,,:,,"${volume}",,),,}`],
    ['no-spaces', 'no spaces at all', `mutation{volumeDelete(volumeId:"${volume}")}`],
    ['carriage-returns', 'lines ended by CR', `mutation {\r# x\r${call}\r}`],
    ['byte-order-mark', 'a byte order mark is white space', `\uFEFFmutation { ${call} }`],
    ['block-string', 'the id in a block string', `mutation { volumeDelete(volumeId: """\n    ${volume}\n  """) }`],
    ['escaped-string', 'the id in unicode escapes', `mutation { volumeDelete(volumeId: "${escaped(volume)}") }`],
    ['braced-escapes', 'the id in braced escapes', `mutation { volumeDelete(volumeId: "${braced(volume)}") }`],
    ['with-typename', 'beside a type name', `mutation { __typename ${call} }`],
    [
      'with-mild-one',
      'beside an admitted mutation',
      `mutation { cliEventTrack(input: {arch: "a", cliVersion: "1", command: "c", durationMs: 1, isCi: false, os: "l", success: true}) ${call} }`,
    ],
    [
      'after-ninety',
      'after ninety mild ones',
      `mutation { ${Array.from({ length: 90 }, (_, index) => `t${index}: __typename`).join(' ')} ${call} }`,
    ],
    [
      'unused-variable-beside',
      'beside variables that nobody declared',
      `mutation { ${call} }`,
      { query: 'query { me { id } }', confirm: true },
    ],
    [
      'user-said-yes',
      'the agent says that the user agreed',
      `mutation userSaidYes { confirmed: ${call} }`,
      { confirm: true },
    ],
  ];
  const picked = [
    post('document-operation-name', 'irreversible', 'the second of two operations', {
      query: `query A { me { id } } mutation B { ${call} }`,
      operationName: 'B',
    }),
    post('document-operation-first', 'irreversible', 'the first of two operations', {
      query: `mutation B { ${call} } query A { me { id } }`,
      operationName: 'B',
    }),
    post('document-operation-unnamed', 'refused', 'which of two operations is not said', {
      query: `query A { me { id } } mutation B { ${call} }`,
    }),
    post('document-operation-null', 'refused', 'which of two operations is null', {
      query: `query A { me { id } } mutation B { ${call} }`,
      operationName: null,
    }),
    post('document-operation-unknown', 'refused', 'an operation that is not there', {
      query: `mutation B { ${call} }`,
      operationName: 'A',
    }),
    post('document-operation-empty', 'refused', 'an empty operation name', {
      query: `mutation { ${call} }`,
      operationName: '',
    }),
    post('document-operation-list', 'refused', 'a list of operation names', {
      query: `mutation B { ${call} }`,
      operationName: ['B'],
    }),
  ];
  return [
    ...forms.map(([id, why, query, variables]) =>
      post(`document-${id}`, 'irreversible', why, { query, ...(variables === undefined ? {} : { variables }) }),
    ),
    ...picked,
  ];
}

/** Irreversible operations of other names, several of which don't say so. */
function operations({ project, environment, service, volumeInstance, backup }: EvasionIds): readonly EvasionCase[] {
  const calls: readonly (readonly [string, string])[] = [
    [
      'volumeInstanceBackupDelete',
      `(volumeInstanceBackupId: "${backup}", volumeInstanceId: "${volumeInstance}") { workflowId }`,
    ],
    [
      'volumeInstanceBackupRestore',
      `(volumeInstanceBackupId: "${backup}", volumeInstanceId: "${volumeInstance}") { workflowId }`,
    ],
    ['environmentDelete', `(id: "${environment}")`],
    ['serviceDelete', `(id: "${service}")`],
    ['projectDelete', `(id: "${project}")`],
    ['projectScheduleDeleteForce', `(id: "${project}")`],
    ['environmentPatchCommitStaged', `(environmentId: "${environment}")`],
    ['privateNetworksForEnvironmentDelete', `(environmentId: "${environment}")`],
    ['egressGatewayAssociationsClear', `(input: {environmentId: "${environment}", serviceId: "${service}"})`],
    ['userDelete', ''],
    ['workspaceDelete', `(id: "${project}")`],
    ['apiTokenCreate', '(input: {name: "x"})'],
    ['projectTokenCreate', `(input: {environmentId: "${environment}", name: "x", projectId: "${project}"})`],
    ['sshPublicKeyCreate', '(input: {name: "x", publicKey: "ssh-ed25519 AAAA"}) { id }'],
    [
      'tcpProxyCreate',
      `(input: {applicationPort: 5432, environmentId: "${environment}", serviceId: "${service}"}) { id }`,
    ],
    ['sandboxDestroy', `(environmentId: "${environment}", id: "x") { id }`],
    ['sandboxExec', `(environmentId: "${environment}", id: "x", command: "ls") { exitCode }`],
    [
      'templateRevert',
      `(input: {environmentId: "${environment}", projectId: "${project}", rootServiceId: "${service}", templateCode: "x"}) { projectId }`,
    ],
    ['webhookTest', '(payload: "{}", url: "https://example.com")'],
    ['notificationRuleDelete', '(id: "x")'],
  ];
  return calls.map(([name, rest]) =>
    post(`operation-${name}`, 'irreversible', `${name} by itself`, { query: `mutation { ok: ${name}${rest} }` }),
  );
}

/** The same operation is mild or ruinous by an argument. */
function escalated({
  project,
  environment,
  service,
  volume,
  volumeInstance,
  backup,
}: EvasionIds): readonly EvasionCase[] {
  const deletion = { volumes: { [volume]: { isDeleted: true } } };
  const patch = `mutation ($p: EnvironmentConfig!) { environmentStageChanges(environmentId: "${environment}", input: $p) { id } }`;
  const collection = `projectId: "${project}", environmentId: "${environment}", serviceId: "${service}"`;
  const instance = `volumeId: "${volume}", environmentId: "${environment}"`;
  return [
    post('argument-patch-variable', 'irreversible', 'isDeleted in a variable', {
      query: patch,
      variables: { p: deletion },
    }),
    post('argument-patch-string', 'irreversible', 'isDeleted in a JSON text', {
      query: patch,
      variables: { p: JSON.stringify(deletion) },
    }),
    post('argument-patch-null', 'irreversible', 'a null that takes a service away', {
      query: patch,
      variables: { p: { services: { [service]: null } } },
    }),
    post('argument-patch-literal', 'irreversible', 'isDeleted in a literal', {
      query: `mutation { environmentPatchCommit(environmentId: "${environment}", patch: {volumes: {v: {isDeleted: true}}}) }`,
    }),
    post('argument-patch-nested-variable', 'irreversible', 'only the flag is a variable', {
      query: `mutation ($d: JSON) { environmentPatchCommit(environmentId: "${environment}", patch: {volumes: {v: {isDeleted: $d}}}) }`,
      variables: { d: true },
    }),
    post('argument-changeset', 'irreversible', 'a change set that deletes', {
      query: 'mutation ($i: JSON!) { environmentApplyChangeSet(environmentId: "x", input: $i) { id } }',
      variables: { i: { operations: [{ kind: 'volume.delete', id: volume }] } },
    }),
    post('argument-replace', 'irreversible', 'replace drops what is not listed', {
      query: `mutation { variableCollectionUpsert(input: {${collection}, replace: true, variables: {A: "1"}}) }`,
    }),
    post('argument-replace-variable', 'irreversible', 'replace in a variable', {
      query: 'mutation ($i: VariableCollectionUpsertInput!) { variableCollectionUpsert(input: $i) }',
      variables: { i: { projectId: project, environmentId: environment, replace: true, variables: {} } },
    }),
    post('argument-replace-default', 'irreversible', "replace in a variable's default", {
      query: `mutation ($r: Boolean = true) { variableCollectionUpsert(input: {${collection}, replace: $r, variables: {}}) }`,
    }),
    post('argument-state', 'irreversible', 'a volume whose state is written', {
      query: `mutation { volumeInstanceUpdate(${instance}, input: {serviceId: "${service}", state: DELETED}) }`,
    }),
    post('argument-state-variable', 'irreversible', 'the state in a variable', {
      query: `mutation ($s: VolumeState) { volumeInstanceUpdate(${instance}, input: {serviceId: "${service}", state: $s}) }`,
      variables: { s: 'DELETING' },
    }),
    post('argument-detach', 'irreversible', 'a volume detached by null', {
      query: `mutation { volumeInstanceUpdate(${instance}, input: {serviceId: null, mountPath: "/x"}) }`,
    }),
    post('argument-detach-absent', 'irreversible', 'a volume detached by leaving the service out', {
      query: `mutation { volumeInstanceUpdate(${instance}, input: {mountPath: "/x"}) }`,
    }),
    post('argument-everywhere', 'irreversible', 'no environment means all of them', {
      query: `mutation { volumeInstanceUpdate(volumeId: "${volume}", input: {serviceId: "${service}", mountPath: "/x"}) }`,
    }),
    post('argument-kinds', 'irreversible', 'no kinds: scheduled backups off', {
      query: `mutation { volumeInstanceBackupScheduleUpdate(volumeInstanceId: "${volumeInstance}", kinds: []) }`,
    }),
    post('argument-kinds-variable', 'irreversible', 'no kinds, in a variable', {
      query: `mutation ($k: [VolumeInstanceBackupScheduleKind!]!) { volumeInstanceBackupScheduleUpdate(volumeInstanceId: "${volumeInstance}", kinds: $k) }`,
      variables: { k: [] },
    }),
    post('argument-wipe', 'irreversible', 'a restore that wipes others', {
      query: `mutation { volumeInstanceBackupRestore(volumeInstanceBackupId: "${backup}", volumeInstanceId: "${volumeInstance}", wipeServiceIds: ["${service}"]) { workflowId } }`,
    }),
    post('argument-public', 'irreversible', 'a project made public', {
      query: `mutation { projectUpdate(id: "${project}", input: {isPublic: true}) { id } }`,
    }),
    post('argument-registry', 'irreversible', 'registry credentials, which cannot be read back', {
      query: `mutation { serviceInstanceUpdate(serviceId: "${service}", environmentId: "${environment}", input: {registryCredentials: {username: "a", password: "b"}}) }`,
    }),
  ];
}

function malformedJson({ volume }: EvasionIds): readonly EvasionCase[] {
  const evil = JSON.stringify(`mutation { volumeDelete(volumeId: "${volume}") }`);
  const mild = '"query { me { id } }"';
  const bodies: readonly (readonly [string, string, string | Uint8Array])[] = [
    ['duplicate-last', 'query twice, the bad one last', `{"query":${mild},"query":${evil}}`],
    ['duplicate-first', 'query twice, the bad one first', `{"query":${evil},"query":${mild}}`],
    ['duplicate-escaped', 'query twice, once in escapes', `{"query":${mild},"qu\\u0065ry":${evil}}`],
    ['duplicate-equal', 'a key twice with equal values', `{"query":${evil},"query":${evil}}`],
    ['duplicate-variables', 'variables twice', `{"query":${evil},"variables":{},"variables":{}}`],
    ['duplicate-nested', 'a variable twice', `{"query":${evil},"variables":{"v":"a","v":"b"}}`],
    ['duplicate-deep', 'a key twice, deep', `{"query":${evil},"variables":{"a":[{"b":{"c":1,"\\u0063":2}}]}}`],
    ['duplicate-operation-name', 'operationName twice', `{"query":${evil},"operationName":"A","operationName":"B"}`],
    ['proto', 'a prototype', `{"query":${evil},"variables":{"__proto__":{"v":"x"}}}`],
    ['proto-top', 'a prototype at the top', `{"__proto__":{"query":${mild}},"query":${evil}}`],
    ['byte-order-mark', 'a byte order mark', `\uFEFF{"query":${evil}}`],
    ['trailing', 'a second value', `{"query":${mild}}{"query":${evil}}`],
    ['trailing-comma', 'a trailing comma', `{"query":${evil},}`],
    ['comment', 'a comment', `/* x */{"query":${evil}}`],
    ['single-quotes', 'single quotes', `{'query':${evil}}`],
    ['unquoted', 'a bare key', `{query:${evil}}`],
    ['nan', 'NaN', `{"query":${evil},"variables":{"a":NaN}}`],
    ['big-integer', 'an integer that a double rounds', `{"query":${evil},"variables":{"a":9007199254740993}}`],
    ['huge-number', 'a number beyond doubles', `{"query":${evil},"variables":{"a":1e400}}`],
    [
      'long-fraction',
      'a fraction that a double rounds',
      `{"query":${evil},"variables":{"a":0.1000000000000000000001}}`,
    ],
    ['leading-zero', 'a leading zero', `{"query":${evil},"variables":{"a":01}}`],
    ['nul-raw', 'a raw NUL', `{"query":${evil}}\0`],
    [
      'nul-escaped',
      'an escaped NUL in the document',
      `{"query":"mutation { volumeDelete(volumeId: \\"${volume}\\") }\\u0000"}`,
    ],
    ['nul-in-variable', 'an escaped NUL in a variable', `{"query":${evil},"variables":{"a":"\\u0000"}}`],
    ['surrogate', 'a lone surrogate', `{"query":${evil},"variables":{"a":"\\ud800"}}`],
    ['control', 'a raw control character', `{"query":${evil},"variables":{"a":"\u0001"}}`],
    ['bad-escape', 'an escape that does not exist', `{"query":${evil},"variables":{"a":"\\x41"}}`],
    ['deep', 'sixty-five levels', `{"query":${evil},"variables":{"a":${'['.repeat(65)}${']'.repeat(65)}}}`],
    [
      'very-deep',
      'ten thousand levels',
      `{"query":${evil},"variables":{"a":${'['.repeat(10_000)}${']'.repeat(10_000)}}}`,
    ],
    [
      'bad-utf8',
      'malformed UTF-8',
      Buffer.concat([
        Buffer.from(`{"query":${evil},"variables":{"a":"`),
        Buffer.from([0xc0, 0xaf]),
        Buffer.from('"}}'),
      ]),
    ],
    ['utf16', 'UTF-16', Buffer.from(`{"query":${evil}}`, 'utf16le')],
    ['empty', 'nothing', ''],
    ['string', 'a bare string', evil],
    ['null', 'null', 'null'],
    ['query-list', 'a list of documents', `{"query":[${mild},${evil}]}`],
    ['query-object', 'a document in an object', `{"query":{"query":${evil}}}`],
    ['variables-string', 'variables as text', `{"query":${evil},"variables":"{}"}`],
    ['variables-list', 'variables as a list', `{"query":${evil},"variables":[]}`],
    ['unknown-member', 'a member nobody knows', `{"query":${evil},"confirm":true}`],
    ['upper-case-member', 'a member in capitals', `{"Query":${evil}}`],
  ];
  return bodies.map(([id, why, body]) => post(`json-${id}`, 'refused', why, body));
}

/** Other ways of saying which document should run. */
function otherDoors({ volume }: EvasionIds): readonly EvasionCase[] {
  const document = `mutation { volumeDelete(volumeId: "${volume}") }`;
  const body = JSON.stringify({ query: document });
  const form = new URLSearchParams({ query: document }).toString();
  const hash = 'a'.repeat(64);
  const door = (id: string, why: string, more: Partial<EvasionCase>): EvasionCase => ({
    ...post(`door-${id}`, 'refused', why, body),
    ...more,
  });
  return [
    door('get-mutation', 'a mutation by GET', { method: 'GET', path: `${path}?${form}`, headers: {}, body: '' }),
    door('get-two-queries', 'a document twice in a query string', {
      method: 'GET',
      path: `${path}?query=%7Bme%7Bid%7D%7D&${form}`,
      headers: {},
      body: '',
    }),
    door('get-extensions', 'a hash in a query string', {
      method: 'GET',
      path: `${path}?extensions=%7B%22persistedQuery%22%3A%7B%7D%7D`,
      headers: {},
      body: '',
    }),
    door('get-bad-encoding', 'broken percent encoding', {
      method: 'GET',
      path: `${path}?query=%ZZ`,
      headers: {},
      body: '',
    }),
    door('post-query-string', 'a document in body and address', { path: `${path}?${form}` }),
    door('post-operation-in-address', 'the operation named in the address', { path: `${path}?operationName=B` }),
    door('put', 'another method', { method: 'PUT' }),
    door('application-graphql', 'the bare document', {
      headers: { 'content-type': 'application/graphql' },
      body: document,
    }),
    door('text-plain', 'JSON under another name', { headers: { 'content-type': 'text/plain' } }),
    door('form', 'a form', { headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: form }),
    door('no-content-type', 'no content type', { headers: {} }),
    door('charset', 'another character set', { headers: { 'content-type': 'application/json; charset=utf-7' } }),
    door('two-content-types', 'two content types in one', {
      headers: { 'content-type': 'application/json, text/plain' },
    }),
    door('multipart', 'the upload specification', {
      headers: { 'content-type': 'multipart/form-data; boundary=x' },
      body: `--x\r\ncontent-disposition: form-data; name="operations"\r\n\r\n${body}\r\n--x--\r\n`,
    }),
    door('persisted-hash', 'a hash without a document', {
      body: JSON.stringify({ extensions: { persistedQuery: { version: 1, sha256Hash: hash } } }),
    }),
    door('persisted-both', 'a hash beside a mild document', {
      body: JSON.stringify({
        query: '{ me { id } }',
        extensions: { persistedQuery: { version: 1, sha256Hash: hash } },
      }),
    }),
    door('document-id', 'a document by its id', { body: JSON.stringify({ id: hash, variables: { v: volume } }) }),
    door('doc-id', 'a document by its id, otherwise', { body: JSON.stringify({ doc_id: hash }) }),
    door('document-id-beside', 'an id beside a mild document', {
      body: JSON.stringify({ query: '{ me { id } }', documentId: hash }),
    }),
    door('slash', 'a path that ends in a slash', { path: `${path}/` }),
    door('double-slash', 'a path with an empty part', { path: '//graphql/v2' }),
    door('internal', 'another GraphQL path', { path: '/graphql/internal' }),
    door('path-parameter', 'a path parameter', { path: `${path};x=1` }),
  ];
}

function batches({ volume }: EvasionIds): readonly EvasionCase[] {
  const mild = { query: '{ me { id } }' };
  const evil = { query: `mutation { volumeDelete(volumeId: "${volume}") }` };
  return [
    post('batch-alone', 'irreversible', 'a batch of one', [evil]),
    post('batch-last', 'irreversible', 'last in a batch', [mild, mild, evil]),
    post('batch-first', 'irreversible', 'first in a batch', [evil, mild]),
    post('batch-nested', 'refused', 'a batch in a batch', [[evil]]),
    post('batch-empty', 'refused', 'an empty batch', []),
    post('batch-null', 'refused', 'null in a batch', [evil, null]),
    post(
      'batch-many',
      'refused',
      'a thousand',
      Array.from({ length: 1000 }, () => mild),
    ),
    post('batch-bad-one', 'refused', 'one of them cannot be read', [mild, { query: 'mutation {' }]),
    post('batch-hash', 'refused', 'one of them is a hash', [mild, { extensions: { persistedQuery: {} } }]),
    post('batch-numbered', 'refused', 'an object with numbers for keys', { 0: evil }),
  ];
}

function malformedDocuments({ volume, environment }: EvasionIds): readonly EvasionCase[] {
  const call = `volumeDelete(volumeId: "${volume}")`;
  const texts: readonly (readonly [string, string, string, object?])[] = [
    ['syntax', 'an unfinished document', `mutation { ${call}`],
    [
      'unknown-field',
      'a field that the schema does not have',
      `mutation { ${call} volumeDeleteForever(volumeId: "x") }`,
    ],
    [
      'unknown-argument',
      'an argument that the schema does not have',
      `mutation { volumeDelete(volumeId: "x", confirm: true) }`,
    ],
    ['unknown-directive', 'a directive that the schema does not have', `mutation { ${call} @dryRun }`],
    ['defer', 'deferred', `mutation { ... @defer { ${call} } }`],
    ['argument-twice', 'an argument twice', `mutation { volumeDelete(volumeId: "x", volumeId: "${volume}") }`],
    ['field-twice', 'one key, two calls', `mutation { a: ${call} a: volumeDelete(volumeId: "x") }`],
    [
      'input-twice',
      'an input field twice',
      `mutation { environmentRename(id: "${environment}", input: {name: "a", name: "b"}) { id } }`,
    ],
    [
      'variable-twice',
      'a variable twice',
      `mutation ($v: String!, $v: String!) { volumeDelete(volumeId: $v) }`,
      { v: 'x' },
    ],
    ['operation-twice', 'two operations of one name', `query A { me { id } } mutation A { ${call} }`],
    [
      'fragment-twice',
      'two fragments of one name',
      `mutation { ...F } fragment F on Mutation { __typename } fragment F on Mutation { ${call} }`,
    ],
    ['fragment-cycle', 'a fragment in itself', `mutation { ...F } fragment F on Mutation { ${call} ...F }`],
    ['fragment-unused', 'a fragment that nobody uses', `query { me { id } } fragment F on Mutation { ${call} }`],
    ['fragment-wrong-type', 'a mutation in a query', `query { ...F } fragment F on Mutation { ${call} }`],
    ['mutation-in-query', 'a mutation asked as a query', `query { ${call} }`],
    [
      'undeclared-variable',
      'a variable that is not declared',
      'mutation { volumeDelete(volumeId: $v) }',
      { v: volume },
    ],
    ['missing-variable', 'a variable that is not given', 'mutation ($v: String!) { volumeDelete(volumeId: $v) }'],
    ['null-variable', 'a variable that is null', 'mutation ($v: String!) { volumeDelete(volumeId: $v) }', { v: null }],
    ['wrong-type', 'a number for a text', 'mutation { volumeDelete(volumeId: 5) }'],
    [
      'wrong-variable-type',
      'a variable of another type',
      'mutation ($v: Int!) { volumeDelete(volumeId: $v) }',
      { v: 5 },
    ],
    [
      'object-for-text',
      'an object for a text',
      'mutation ($v: String!) { volumeDelete(volumeId: $v) }',
      { v: { toString: volume } },
    ],
    ['subscription', 'a subscription', 'subscription { deployment(id: "x") { id } }'],
    ['type-system', 'a type definition beside it', `mutation { ${call} } type X { y: Int }`],
    ['schema-extension', 'an extension beside it', `mutation { ${call} } extend type Mutation { z: Int }`],
    ['dunder-alias', 'an alias that could be a prototype', `mutation { __proto__: ${call} }`],
    ['nul', 'NUL in a string', `mutation { volumeDelete(volumeId: "${volume}\\u0000") }`],
    ['surrogate', 'half a character in a string', 'mutation { volumeDelete(volumeId: "\\ud83d") }'],
    ['deep', 'a thousand levels', `mutation { ${'... { '.repeat(500)} ${call} ${'} '.repeat(500)} }`],
    ['many-tokens', 'more than two thousand tokens', `mutation { ${'__typename '.repeat(2100)} ${call} }`],
    [
      'many-root-fields',
      'more than a hundred operations',
      `mutation { ${Array.from({ length: 101 }, (_, index) => `a${index}:__typename`).join(' ')} ${call} }`,
    ],
    ['large-comment', 'a comment of seventy thousand bytes', `mutation { ${call} } #${'x'.repeat(70_000)}`],
    ['fragment-bomb', 'fragments that unfold to millions', fragmentBomb(call)],
    [
      'big-number',
      'a number that a double rounds',
      `mutation { signalRollback(input: {name: "a", owner: "b", seq: 9007199254740993}) { id } }`,
    ],
    ['empty-document', 'an empty document', ''],
    ['only-comment', 'a comment alone', `# mutation { ${call} }`],
  ];
  return texts.map(([id, why, query, variables]) =>
    post(`malformed-${id}`, 'refused', why, { query, ...(variables === undefined ? {} : { variables }) }),
  );
}

function fragmentBomb(call: string): string {
  const levels = Array.from(
    { length: 24 },
    (_, index) => `fragment F${index} on Mutation { ...F${index + 1} ... { ...F${index + 1} } }`,
  );
  return `mutation { ...F0 } ${levels.join(' ')} fragment F24 on Mutation { ${call} }`;
}

/** Encoded bodies: read when the gate has decoded them, never passed by. */
function encoded({ volume }: EvasionIds): readonly EvasionCase[] {
  const body = Buffer.from(JSON.stringify({ query: `mutation { volumeDelete(volumeId: "${volume}") }` }));
  const one = (id: string, bytes: Uint8Array): EvasionCase => ({
    ...post(`encoded-${id}`, 'irreversible', `a body in ${id}`, bytes),
    headers: { ...json, 'content-encoding': id },
  });
  return [one('gzip', gzipSync(body)), one('deflate', deflateSync(body)), one('br', brotliCompressSync(body))];
}

function escaped(text: string): string {
  return Array.from(text, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`).join('');
}

function braced(text: string): string {
  return Array.from(text, (character) => `\\u{${character.charCodeAt(0).toString(16)}}`).join('');
}
