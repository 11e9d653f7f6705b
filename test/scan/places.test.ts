import { chmodSync, linkSync, symlinkSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { Maker } from './planted.ts';
import { Tree } from './tree.ts';
import { scan } from '../../src/features/scan/scan.ts';

/** Files of a home directory, each with a way to write a secret into it. */
const homes: readonly (readonly [
  path: string,
  kind: string,
  write: (maker: Maker) => readonly [text: string, value: string],
])[] = [
  [
    '.railway/config.json',
    'railway',
    (m) => {
      const v = m.uuid();
      return [
        JSON.stringify({
          projects: { '/x': { project: m.uuid(), environment: m.uuid(), service: m.uuid() } },
          user: { token: v },
        }),
        v,
      ];
    },
  ],
  [
    '.railway/config-staging.json',
    'railway',
    (m) => {
      const v = m.text('url', 60);
      return [JSON.stringify({ user: { accessToken: v } }), v];
    },
  ],
  [
    '.pgpass',
    'postgres',
    (m) => {
      const v = m.text('mixed', 16);
      return [`# mine\ndb.acme.io:5432:app:owner:${v}\n`, v];
    },
  ],
  [
    '.aws/credentials',
    'aws',
    (m) => {
      const v = m.text('base64', 40);
      return [`[default]\naws_access_key_id = AKIA${m.text('upper32', 16)}\naws_secret_access_key = ${v}\n`, v];
    },
  ],
  [
    '.config/gh/hosts.yml',
    'github',
    (m) => {
      const v = m.checked('gho_', 30);
      return [`github.com:\n    user: me\n    oauth_token: ${v}\n`, v];
    },
  ],
  [
    '.npmrc',
    'npm',
    (m) => {
      const v = m.checked('npm_', 30);
      return [`//registry.npmjs.org/:_authToken=${v}\n`, v];
    },
  ],
  [
    '.netrc',
    'generic',
    (m) => {
      const v = m.text('mixed', 24);
      return [`machine api.acme.io login me password ${v}\n`, v];
    },
  ],
  [
    '.git-credentials',
    'github',
    (m) => {
      const v = m.text('hex', 40);
      return [`https://me:${v}@github.com\n`, v];
    },
  ],
  [
    '.docker/config.json',
    'docker',
    (m) => {
      const v = Buffer.from(`me:${m.text('mixed', 20)}`).toString('base64');
      return [JSON.stringify({ auths: { 'https://index.docker.io/v1/': { auth: v } } }), v];
    },
  ],
  [
    '.kube/config',
    'kubernetes',
    (m) => {
      const v = m.text('base64', 120);
      return [`apiVersion: v1\nusers:\n- name: admin\n  user:\n    client-key-data: ${v}\n`, v];
    },
  ],
  [
    '.local/share/com.vercel.cli/auth.json',
    'vercel',
    (m) => {
      const v = m.text('mixed', 24);
      return [JSON.stringify({ token: v }), v];
    },
  ],
  [
    '.supabase/access-token',
    'supabase',
    (m) => {
      const v = `sbp_${m.text('hex', 40)}`;
      return [v, v];
    },
  ],
  [
    '.fly/config.yml',
    'fly',
    (m) => {
      const v = `fm2_${m.text('base64', 120)}`;
      return [`access_token: ${v}\n`, v];
    },
  ],
  [
    '.config/.wrangler/config/default.toml',
    'cloudflare',
    (m) => {
      const v = m.text('url', 60);
      return [`oauth_token = "${v}"\nexpiration_time = "2030-01-01T00:00:00Z"\n`, v];
    },
  ],
  [
    '.config/stripe/config.toml',
    'stripe',
    (m) => {
      const v = `sk_live_${m.text('mixed', 99)}`;
      return [`[default]\nlive_mode_api_key = "${v}"\n`, v];
    },
  ],
  [
    '.config/doctl/config.yaml',
    'digitalocean',
    (m) => {
      const v = `dop_v1_${m.text('hex', 64)}`;
      return [`access-token: ${v}\n`, v];
    },
  ],
  [
    '.config/neonctl/credentials.json',
    'neon',
    (m) => {
      const v = m.text('url', 80);
      return [JSON.stringify({ access_token: v }), v];
    },
  ],
  [
    '.terraform.d/credentials.tfrc.json',
    'terraform',
    (m) => {
      const v = `${m.text('mixed', 14)}.atlasv1.${m.text('url', 67)}`;
      return [JSON.stringify({ credentials: { 'app.terraform.io': { token: v } } }), v];
    },
  ],
  [
    '.ssh/id_ed25519',
    'private-key',
    (m) => {
      const v = m.pem();
      return [`${v}\n`, v];
    },
  ],
  [
    '.cursor/mcp.json',
    'railway',
    (m) => {
      const v = m.uuid();
      return [JSON.stringify({ mcpServers: { railway: { command: 'npx', env: { RAILWAY_API_TOKEN: v } } } }), v];
    },
  ],
  [
    '.claude.json',
    'github',
    (m) => {
      const v = m.checked('ghp_', 30);
      return [
        JSON.stringify({
          projects: { '/x': { mcpServers: { github: { env: { GITHUB_PERSONAL_ACCESS_TOKEN: v } } } } },
        }),
        v,
      ];
    },
  ],
  [
    '.claude/settings.json',
    'railway',
    (m) => {
      const v = m.uuid();
      return [
        JSON.stringify({
          permissions: {
            allow: [`Bash(curl -H "Authorization: Bearer ${v}" https://backboard.railway.app/graphql/v2)`],
          },
        }),
        v,
      ];
    },
  ],
  [
    '.claude/projects/-x/1.jsonl',
    'railway',
    (m) => {
      const v = m.uuid();
      return [`${JSON.stringify({ type: 'tool_result', content: `RAILWAY_TOKEN=${v}\n` })}\n`, v];
    },
  ],
  [
    '.codex/config.toml',
    'railway',
    (m) => {
      const v = m.uuid();
      return [`[mcp_servers.railway]\ncommand = "npx"\nenv = { RAILWAY_API_TOKEN = "${v}" }\n`, v];
    },
  ],
  [
    '.gemini/settings.json',
    'postgres',
    (m) => {
      const v = `postgresql://postgres:${m.text('mixed', 20)}@db.acme.io:5432/app`;
      return [JSON.stringify({ mcpServers: { db: { args: ['-y', 'mcp-postgres', v] } } }), v];
    },
  ],
  [
    '.config/Code/User/mcp.json',
    'neon',
    (m) => {
      const v = `napi_${m.text('lower', 60)}`;
      return [JSON.stringify({ servers: { neon: { headers: { Authorization: `Bearer ${v}` } } } }), v];
    },
  ],
  [
    '.bash_history',
    'railway',
    (m) => {
      const v = m.uuid();
      return [`ls\nRAILWAY_TOKEN=${v} railway up\n`, v];
    },
  ],
  [
    '.zsh_history',
    'railway',
    (m) => {
      const v = m.uuid();
      return [`: 1700000000:0;curl -H "Project-Access-Token: ${v}" https://backboard.railway.com/graphql/v2\n`, v];
    },
  ],
  [
    '.local/share/fish/fish_history',
    'postgres',
    (m) => {
      const v = `postgres://app:${m.text('mixed', 20)}@db.acme.io/app`;
      return [`- cmd: psql ${v}\n  when: 1700000000\n`, v];
    },
  ],
  [
    '.psql_history',
    'postgres',
    (m) => {
      const v = m.text('mixed', 20);
      return [`select dblink('host=db.acme.io user=a password=${v}', 'select 1');\n`, v];
    },
  ],
];

describe('N1: where a scan looks', () => {
  test('a home: programs, agents, histories, each as its own kind of place', async () => {
    using tree = new Tree();
    const maker = new Maker(21);
    const planted = homes.map(([path, kind, write]) => {
      const [text, value] = write(maker);
      return { path: tree.write(path, text), kind, value };
    });
    const { found } = await scan({ home: tree.root });
    const seen = planted.map(({ path, value }) => {
      const one = found.find(({ finding, secret }) => finding.place.path === path && secret.reveal() === value);
      return `${path.slice(tree.root.length + 1)} ${one?.finding.kind ?? 'not found'}`;
    });
    expect(seen).toEqual(planted.map(({ path, kind }) => `${path.slice(tree.root.length + 1)} ${kind}`));
    const kinds = new Set(
      found.filter(({ finding }) => finding.place.path.includes('history')).map(({ finding }) => finding.place.kind),
    );
    expect([...kinds].filter((kind) => kind !== 'config')).toEqual(['history']);
    const ids = found.filter(({ finding }) => finding.place.path.endsWith('.railway/config.json'));
    expect(ids).toHaveLength(1);
  });

  test('a workspace: what is quoted in permissions, packed in base 64, written in XML, SQL, notebooks and requests', async () => {
    using tree = new Tree();
    const m = new Maker(77);
    const files: readonly (readonly [path: string, kind: string, value: string, text: (value: string) => string])[] = [
      [
        '.git/config',
        'github',
        m.checked('ghp_', 30),
        (v) => `[remote "origin"]\n\turl = https://x-access-token:${v}@github.com/a/b.git\n`,
      ],
      [
        '.claude/settings.local.json',
        'postgres',
        m.text('mixed', 16),
        (v) => JSON.stringify({ permissions: { allow: [`Bash(PGPASSWORD=${v} psql -c "select 1")`] } }),
      ],
      [
        '.claude/settings.json',
        'railway',
        m.uuid(),
        (v) =>
          JSON.stringify({
            allow: [`Bash(curl https://backboard.railway.app/graphql/v2 -H "Authorization: Bearer ${v}")`],
          }),
      ],
      [
        'service-account.json',
        'gcp',
        m.pem(),
        (v) => JSON.stringify({ type: 'service_account', private_key: v, client_email: 'a@p.iam.gserviceaccount.com' }),
      ],
      [
        'terraform.tfstate',
        'generic',
        m.text('mixed', 20),
        (v) => JSON.stringify({ resources: [{ instances: [{ attributes: { password: v } }] }] }),
      ],
      [
        'k8s/secret.yaml',
        'postgres',
        `postgres://postgres:${m.text('mixed', 20)}@db.acme.io/app`,
        (v) => `kind: Secret\ndata:\n  DATABASE_URL: ${Buffer.from(v).toString('base64')}\n`,
      ],
      [
        'compose.yml',
        'postgres',
        m.text('mixed', 20),
        (v) => `services:\n  db:\n    environment:\n      POSTGRES_PASSWORD: ${v}\n`,
      ],
      [
        'a.ipynb',
        'railway',
        m.uuid(),
        (v) => JSON.stringify({ cells: [{ source: [`os.environ["RAILWAY_TOKEN"] = "${v}"\n`] }] }),
      ],
      [
        'a.http',
        'railway',
        m.uuid(),
        (v) => `POST https://backboard.railway.app/graphql/v2\nAuthorization: Bearer ${v}\n\n{}`,
      ],
      [
        'settings.xml',
        'generic',
        m.text('mixed', 20),
        (v) => `<settings><server><password>${v}</password></server></settings>`,
      ],
      [
        'app.py',
        'railway',
        m.uuid(),
        (v) => `token = "${v}"\nrequests.post("https://backboard.railway.app/graphql/v2", headers=head(token))\n`,
      ],
      ['dump.sql', 'postgres', m.text('mixed', 16), (v) => `ALTER ROLE app PASSWORD '${v}';\n`],
      ['Makefile', 'railway', m.uuid(), (v) => `deploy:\n\tRAILWAY_TOKEN=${v} railway up\n`],
      ['railway-token.txt', 'railway', m.uuid(), (v) => `${v}\n`],
    ];
    for (const [path, , value, text] of files) tree.write(path, text(value));
    const { found, coverage } = await scan({ path: tree.root });
    expect(coverage.unread).toEqual([]);
    const seen = files.map(([path, , value]) => {
      const one = found.find(
        ({ finding, secret }) =>
          finding.place.path === tree.path(path) && (secret.reveal() === value || value.includes('\n')),
      );
      return `${path} ${one?.finding.kind ?? 'not found'}`;
    });
    expect(seen).toEqual(files.map(([path, kind]) => `${path} ${kind}`));
  });

  test('ignored files and settings inside installed packages are read; packages themselves only when asked', async () => {
    using tree = new Tree();
    const maker = new Maker(22);
    tree.write('.gitignore', '.env\nsecret/\n');
    for (const path of ['.env', 'secret/.env', 'node_modules/left/.env', 'node_modules/@a/b/.npmrc'])
      tree.write(path, `A_KEY=x\nGITHUB_TOKEN=${maker.checked('ghp_', 30)}\n`);
    tree.write('node_modules/left/index.js', `const t = "${maker.checked('ghp_', 30)}";\n`);
    const places = async (deep: boolean) =>
      (await scan({ path: tree.root, deep })).found
        .map(({ finding }) => finding.place.path.slice(tree.root.length + 1))
        .toSorted();
    expect(await places(false)).toEqual(['.env', 'node_modules/@a/b/.npmrc', 'node_modules/left/.env', 'secret/.env']);
    expect(await places(true)).toContain('node_modules/left/index.js');
  });

  test('the environment; our own variables are left out', async () => {
    const maker = new Maker(23);
    const token = maker.uuid();
    const { found } = await scan({
      environment: {
        RAILWAY_TOKEN: token,
        HOLDPOINT_TOKEN: maker.text('mixed', 40),
        PATH: '/bin',
        HOME: '/root',
        EDITOR: 'vi',
      },
    });
    expect(
      found.map(({ finding, secret }) => [finding.kind, finding.place.kind, finding.place.key, secret.reveal()]),
    ).toEqual([['railway', 'environment', 'RAILWAY_TOKEN', token]]);
  });

  test('links out are not followed, pipes do not block, binaries and what is forbidden are passed by (F3)', async () => {
    using tree = new Tree();
    using outside = new Tree();
    const text = `GITHUB_TOKEN=${new Maker(24).checked('ghp_', 30)}\n`;
    const real = outside.write('real.env', text);
    tree.write('a/keep.txt', 'nothing');
    symlinkSync(real, tree.path('.env'));
    symlinkSync(outside.root, tree.path('linked'));
    symlinkSync(tree.root, tree.path('a/loop'));
    execFileSync('mkfifo', [tree.path('a/pipe.env')]);
    tree.write('program.data', Buffer.concat([Buffer.from([0, 1, 2]), Buffer.from(text)]));
    linkSync(tree.write('b/.env', text), tree.path('b/again.env'));
    const locked = tree.write('locked.env', text);
    chmodSync(locked, 0);
    const { found } = await scan({ path: tree.root });
    const names = found
      .map(({ finding }) => finding.place.path.slice(tree.root.length + 1))
      .filter((name) => name !== 'locked.env');
    expect(names.toSorted()).toEqual(['b/.env', 'b/again.env']);
  });

  test('place, key and span are those of the file; large files are read in pieces', async () => {
    using tree = new Tree();
    const maker = new Maker(25);
    const secret = maker.checked('ghp_', 30);
    const late = maker.checked('ghp_', 30);
    tree.write('.env', `# grüße\n\nGITHUB_TOKEN="${secret}"\n`);
    const filler = `${'x'.repeat(99)}\n`.repeat(30_000);
    const path = tree.write('big.txt', `${filler}token: ${late}\n`);
    const { found } = await scan({ path: tree.root });
    const one = found.find(({ finding }) => finding.place.path.endsWith('.env'));
    expect(one?.finding.place).toMatchObject({ line: 3, column: 15, key: 'GITHUB_TOKEN' });
    const bytes = Buffer.from(`# grüße\n\nGITHUB_TOKEN="${secret}"\n`);
    expect(bytes.subarray(one?.span?.start, one?.span?.end).toString()).toBe(secret);
    expect(one?.fileDigest).toMatch(/^[0-9a-f]{64}$/);
    const large = found.filter(({ finding }) => finding.place.path === path);
    expect(large.map(({ finding, span }) => [finding.place.line, span?.start])).toEqual([[30_001, filler.length + 7]]);
  });

  test('UTF-16 and Latin-1 files are read too', async () => {
    using tree = new Tree();
    const maker = new Maker(26);
    const [a, b] = [maker.checked('ghp_', 30), maker.checked('ghp_', 30)];
    tree.write('.env', Buffer.from(`\ufeffGITHUB_TOKEN=${a}\r\n`, 'utf16le'));
    tree.write('.env.local', Buffer.from(`# caf\u00e9\nGITHUB_TOKEN=${b}\n`, 'latin1'));
    const { found } = await scan({ path: tree.root });
    expect(found.map(({ secret }) => secret.reveal()).toSorted()).toEqual([a, b].toSorted());
  });
});
