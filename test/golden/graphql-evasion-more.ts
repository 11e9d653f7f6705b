import type { EvasionCase, EvasionIds } from './graphql-evasion.ts';

const json = { 'content-type': 'application/json' };

/** More attempts, of the kinds that readers of one specification still disagree about. */
export function moreEvasions(ids: EvasionIds): readonly EvasionCase[] {
  return [...lookalikes(ids), ...spelled(ids), ...chosen(ids), ...givenIds(ids), ...jsonForms(ids), ...typed(ids)];
}

type Form = readonly [id: string, why: string, body: unknown, type?: string];

function cases(expect: EvasionCase['expect'], group: string, forms: readonly Form[]): readonly EvasionCase[] {
  return forms.map(([id, why, body, type]) => ({
    id: `${group}-${id}`,
    method: 'POST',
    path: '/graphql/v2',
    headers: type === undefined ? json : { 'content-type': type },
    body: typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body),
    why,
    expect,
  }));
}

/** Text that looks like the mutation, or like something else, to one reader and not to another. */
function lookalikes({ volume }: EvasionIds): readonly EvasionCase[] {
  const call = `volumeDelete(volumeId: "${volume}")`;
  const query = (text: string): object => ({ query: text });
  return cases('refused', 'lookalike', [
    ['cyrillic', 'a letter of another alphabet', query(`mutation { v\u043elumeDelete(volumeId: "${volume}") }`)],
    ['full-width', 'full-width letters', query(`\uff4dutation { ${call} }`)],
    ['zero-width', 'a joiner inside the name', query(`mutation { volume\u200dDelete(volumeId: "${volume}") }`)],
    ['soft-hyphen', 'a soft hyphen inside the name', query(`mutation { volume\u00adDelete(volumeId: "${volume}") }`)],
    ['combining', 'a combining mark behind the name', query(`mutation { volumeDelete\u0301(volumeId: "${volume}") }`)],
    ['no-break-space', 'a blank that is none', query(`mutation\u00a0{ ${call} }`)],
    ['line-separator', 'a line end that is none', query(`# mild\u2028mutation { ${call} }`)],
    ['form-feed', 'a form feed between words', query(`mutation\f{ ${call} }`)],
    ['bom-inside', 'a byte order mark inside a name', query(`mutation { volume\ufeffDelete(volumeId: "${volume}") }`)],
    ['upper-keyword', 'the keyword in capitals', query(`MUTATION { ${call} }`)],
    ['upper-field', 'the field in another case', query(`mutation { VolumeDelete(volumeId: "${volume}") }`)],
    ['snake', 'the field as others write it', query(`mutation { volume_delete(volumeId: "${volume}") }`)],
    ['escaped-name', 'an escape in a name', query(`mutation { volume\\u0044elete(volumeId: "${volume}") }`)],
    ['escaped-brace', 'an escape in the place of a brace', query(`mutation \\u007b ${call} }`)],
    ['right-to-left', 'text that turns round', query(`mutation { \u202e${call} }`)],
    ['dangling', 'a document behind the document', query(`query { me { id } } } mutation { ${call}`)],
    ['required-mark', 'a nullability operator', query(`mutation { ${call}! }`)],
    [
      'fragment-arguments',
      'a fragment with arguments',
      query(`mutation { ...F(v: "${volume}") } fragment F($v: String!) on Mutation { volumeDelete(volumeId: $v) }`),
    ],
    ['directive-twice', 'one directive twice', query(`mutation { ${call} @skip(if: true) @skip(if: false) }`)],
    ['directive-definition', 'a directive of its own', query(`directive @skip2 on FIELD mutation { ${call} @skip2 }`)],
    ['schema', 'a schema of its own', query(`schema { query: Mutation } query { ${call} }`)],
    ['union-spread', 'on a type that is no mutation', query(`mutation { ... on Node { ${call} } }`)],
    ['query-spread', 'on the type of queries', query(`mutation { ... on Query { me { id } } ${call} }`)],
    ['stream', 'streamed', query(`mutation { ${call} @stream }`)],
  ]);
}

/** The same mutation in words that any reader of the specification has to understand. */
function spelled({ volume, backup, volumeInstance }: EvasionIds): readonly EvasionCase[] {
  const call = `volumeDelete(volumeId: "${volume}")`;
  const deep = (levels: number): string => `${'... on Mutation { '.repeat(levels)}${call}${' }'.repeat(levels)}`;
  const by = (query: string, variables?: object): object =>
    variables === undefined ? { query } : { query, variables };
  const bytes = Buffer.from(volume).toString('hex');
  const hex = bytes.replaceAll(/../g, (pair) => `\\u00${pair}`);
  return cases('irreversible', 'spelled', [
    ['deep-inline', 'thirty inline fragments down', by(`mutation { ${deep(30)} }`)],
    [
      'comment-carriage-return',
      'a comment that a carriage return ends',
      by(`# query { me { id } }\rmutation { ${call} }`),
    ],
    ['comment-braces', 'braces in comments', by(`mutation { # } query {\n ${call} # }\n }`)],
    [
      'string-of-braces',
      'braces in a string before it',
      by(`mutation ($x: String = "} query { me") { a: volumeDelete(volumeId: $x) ${call} }`),
    ],
    [
      'block-escape',
      'a block string with an escaped end',
      by(`mutation ($x: String = """ \\""" } """) { a: volumeDelete(volumeId: $x) ${call} }`),
    ],
    [
      'block-indent',
      'the id in an indented block string',
      by(`mutation { volumeDelete(volumeId: """\n      ${volume}\n    """) }`),
    ],
    ['hex-escapes', 'every character of the id an escape', by(`mutation { volumeDelete(volumeId: "${hex}") }`)],
    [
      'include-default',
      'included by the default of a variable',
      by(`mutation ($on: Boolean! = true) { ${call} @include(if: $on) }`),
    ],
    ['skip-and-include', 'not skipped and included', by(`mutation { ${call} @skip(if: false) @include(if: true) }`)],
    [
      'include-overridden',
      'a default that a variable overrides',
      by(`mutation ($on: Boolean! = false) { ${call} @include(if: $on) }`, { on: true }),
    ],
    [
      'id-overridden',
      'a mild default that a variable overrides',
      by('mutation ($v: String! = "x") { volumeDelete(volumeId: $v) }', { v: volume }),
    ],
    [
      'many-aliases',
      'fifty times under fifty names',
      by(`mutation { ${Array.from({ length: 50 }, (_, at) => `a${at}: ${call}`).join(' ')} }`),
    ],
    ['behind-introspection', 'behind the type name', by(`mutation { __typename t: __typename ${call} }`)],
    [
      'fragment-named-query',
      'a fragment by the name of a keyword',
      by(`mutation { ...query } fragment query on Mutation { ${call} }`),
    ],
    ['operation-named-query', 'an operation by the name of a keyword', by(`mutation query { ${call} }`)],
    ['alias-mutation', 'an alias by the name of a keyword', by(`mutation { query: ${call} }`)],
    ['alias-of-token', 'an alias that spells a decision', by(`mutation { approved: ${call} }`)],
    ['alias-own', 'an alias that we use ourselves', by(`mutation { holdpoint_id: ${call} }`)],
    [
      'list-of-one',
      'text where a list stands',
      by(
        `mutation ($w: [String!]) { volumeInstanceBackupRestore(volumeInstanceBackupId: "${backup}", volumeInstanceId: "${volumeInstance}", wipeServiceIds: $w) { workflowId } }`,
        { w: volume },
      ),
    ],
    [
      'unused-operation',
      'beside an operation that is not asked for',
      { query: `query A { me { id } } mutation B { ${call} }`, operationName: 'B' },
    ],
    [
      'operation-escaped',
      'the operation named in escapes',
      `{"query":${JSON.stringify(`query A { me { id } } mutation B { ${call} }`)},"operationName":"\\u0042"}`,
    ],
    ['extensions-empty', 'empty extensions', { ...by(`mutation { ${call} }`), extensions: {} }],
    ['extensions-null', 'no extensions, said so', { ...by(`mutation { ${call} }`), extensions: null }],
    ['variables-null', 'no variables, said so', { ...by(`mutation { ${call} }`), variables: null }],
  ]);
}

/** Which of several is run. */
function chosen({ volume }: EvasionIds): readonly EvasionCase[] {
  const evil = `mutation { volumeDelete(volumeId: "${volume}") }`;
  const mild = { query: '{ me { id } }' };
  const two = `query A { me { id } } mutation B { volumeDelete(volumeId: "${volume}") }`;
  return [
    ...cases('irreversible', 'chosen', [
      ['batch-twice', 'the same twice', [{ query: evil }, { query: evil }]],
      [
        'batch-named',
        'one document, two choices',
        [
          { query: two, operationName: 'A' },
          { query: two, operationName: 'B' },
        ],
      ],
      [
        'batch-variables',
        'one document, two ids',
        ['x', volume].map((v) => ({
          query: 'mutation ($v: String!) { volumeDelete(volumeId: $v) }',
          variables: { v },
        })),
      ],
      ['batch-of-twenty', 'last of as many as we read', [...Array.from({ length: 19 }, () => mild), { query: evil }]],
    ]),
    ...cases('refused', 'chosen', [
      ['batch-of-one-too-many', 'more than we read', [...Array.from({ length: 20 }, () => mild), { query: evil }]],
      ['batch-string', 'a document for an element', [mild, evil]],
      ['batch-object', 'a batch in a member', { batch: [{ query: evil }] }],
      ['name-with-blank', 'a name with a blank', { query: two, operationName: 'B ' }],
      ['name-case', 'a name in another case', { query: two, operationName: 'b' }],
      [
        'name-of-fragment',
        'a fragment for an operation',
        { query: `${evil} fragment F on Mutation { __typename }`, operationName: 'F' },
      ],
      ['name-false', 'false for a name', { query: two, operationName: false }],
      ['name-object', 'an object for a name', { query: two, operationName: { toString: 'B' } }],
      [
        'variable-case',
        'a variable in another case',
        { query: 'mutation ($v: String!) { volumeDelete(volumeId: $v) }', variables: { V: volume } },
      ],
      [
        'variable-dollar',
        'a variable with its sign',
        { query: 'mutation ($v: String!) { volumeDelete(volumeId: $v) }', variables: { $v: volume } },
      ],
      [
        'variable-dotted',
        'a variable by a path',
        { query: 'mutation ($v: String!) { volumeDelete(volumeId: $v) }', variables: { 'v.0': volume } },
      ],
      [
        'variable-constructor',
        'a variable that every object has',
        { query: 'mutation ($constructor: String!) { volumeDelete(volumeId: $constructor) }', variables: {} },
      ],
    ]),
  ];
}

/** Ids that a provider may take for the same thing: read, and then held, or denied because nobody knows them. */
function givenIds({ volume }: EvasionIds): readonly EvasionCase[] {
  const forms: readonly (readonly [string, string, string])[] = [
    ['upper', 'in capitals', volume.toUpperCase()],
    ['braces', 'in braces', `{${volume}}`],
    ['urn', 'as a urn', `urn:uuid:${volume}`],
    ['no-hyphens', 'without hyphens', volume.replaceAll('-', '')],
    ['blank-before', 'a blank before it', ` ${volume}`],
    ['blank-behind', 'a blank behind it', `${volume} `],
    ['newline', 'a line end behind it', `${volume}\n`],
    ['global', 'as a global id', Buffer.from(`Volume:${volume}`).toString('base64')],
    ['comma', 'two in one', `${volume},${volume}`],
    ['path', 'a path', `../${volume}`],
    ['wildcard', 'all of them', '*'],
    ['empty', 'none', ''],
  ];
  return cases(
    'irreversible',
    'id',
    forms.map(([id, why, v]) => [
      id,
      why,
      { query: 'mutation ($v: String!) { volumeDelete(volumeId: $v) }', variables: { v } },
    ]),
  );
}

function jsonForms({ volume }: EvasionIds): readonly EvasionCase[] {
  const document = `mutation { volumeDelete(volumeId: "${volume}") }`;
  const evil = JSON.stringify(document);
  const text = `{"query":${evil}}`;
  return [
    ...cases('irreversible', 'form', [
      [
        'solidus',
        'escaped solidi around it',
        `{"query":${JSON.stringify(`# \u002f\n${document}`).replace('/', '\\/')}}`,
      ],
      ['white-space', 'all four kinds of blank', `\t\r\n {\t"query"\n:\r${evil} }\n`],
      ['key-escapes', 'the key in escapes', text.replace('"query"', '"\\u0071\\u0075\\u0065\\u0072\\u0079"')],
    ]),
    ...cases('refused', 'form', [
      ['no-break-space', 'a blank that JSON does not know', `\u00a0${text}`],
      ['form-feed', 'a form feed before it', `\f${text}`],
      ['vertical-tab', 'a vertical tab inside', `{\v"query":${evil}}`],
      ['line-separator', 'a line separator behind it', `${text}\u2028`],
      ['plus', 'a signed number', `{"query":${evil},"variables":{"a":+1}}`],
      ['hexadecimal', 'a hexadecimal number', `{"query":${evil},"variables":{"a":0x1}}`],
      ['bare-fraction', 'a number that begins with a point', `{"query":${evil},"variables":{"a":.5}}`],
      ['open-fraction', 'a number that ends with a point', `{"query":${evil},"variables":{"a":5.}}`],
      ['infinity', 'infinity', `{"query":${evil},"variables":{"a":Infinity}}`],
      ['undefined', 'undefined', `{"query":${evil},"variables":undefined}`],
      ['line-comment', 'a comment to the end of a line', `{"query":${evil} // x\n}`],
      [
        'line-continued',
        'a string over two lines',
        `{"query":"mutation {\n volumeDelete(volumeId: \\"${volume}\\") }"}`,
      ],
      ['no-comma', 'members without a comma', `{"query":${evil} "variables":{}}`],
      ['array-comma', 'a list that ends in a comma', `[${text},]`],
      ['array-hole', 'a list with a hole', `[,${text}]`],
      ['padding', 'a guard before it', `)]}',\n${text}`],
      ['callback', 'a call around it', `callback(${text})`],
      ['lines', 'one value a line', `{"query":"{ me { id } }"}\n${text}\n`],
      ['record-separator', 'one value a record', `\u001e${text}\n`],
      ['utf16-big', 'UTF-16, the other way round', Buffer.from(text, 'utf16le').swap16()],
      ['utf32', 'UTF-32', Buffer.from(Array.from(text, (character) => [character.charCodeAt(0), 0, 0, 0]).flat())],
      ['base64', 'in base64', Buffer.from(text).toString('base64')],
      ['twice', 'JSON in JSON', JSON.stringify(text)],
      [
        'key-prototype',
        'a prototype beside it',
        `{"constructor":{"prototype":{"query":${evil}}},"query":"{ me { id } }"}`,
      ],
      ['variables-prototype', 'a prototype among variables', `{"query":${evil},"variables":{"__proto__":null}}`],
    ]),
  ];
}

function typed({ volume }: EvasionIds): readonly EvasionCase[] {
  const body = { query: `mutation { volumeDelete(volumeId: "${volume}") }` };
  const types = [
    'application/graphql+json',
    'application/graphql-response+json',
    'application/vnd.api+json',
    'application/problem+json',
    'application/json; charset=utf-16',
    'application/json; boundary=x',
    'application/json; charset=utf-8; charset=utf-7',
    'application/jsonp',
    'application/x-json',
    'application/json5',
    'application/ld+json',
    'text/javascript',
    '*/*',
  ];
  return cases(
    'refused',
    'typed',
    types.map((type) => [type, 'another type', body, type]),
  );
}
