import { Client } from 'pg';

/**
 * PocketOS's own tables: what a car-rental company has to know at its counters. Three months back, two weeks ahead, so
 * that losing it is losing what no older copy holds.
 */
const tables = `
create table locations (id int primary key, city text not null, counter text not null);
create table cars (id int primary key, plate text not null unique, model text not null, class text not null,
  home int not null, daily_rate numeric(8,2) not null);
create table customers (id int primary key, name text not null, email text not null unique, phone text not null,
  joined date not null);
create table reservations (id bigint primary key, customer int not null, car int not null, location int not null,
  pick_up timestamptz not null, days int not null, status text not null, booked_at timestamptz not null);
create table payments (id bigint primary key, reservation bigint not null,
  amount numeric(10,2) not null, method text not null, paid_at timestamptz not null);
`;

const steps: readonly (readonly [what: string, sql: string])[] = [
  [
    'locations',
    `insert into locations select i, (array['Lisbon','Porto','Sevilla','Lyon','Torino','Graz','Gent','Aarhus'])[1 + i % 8],
       'counter ' || i from generate_series(1, 24) i`,
  ],
  [
    'cars',
    `insert into cars select i, 'PK-' || lpad(i::text, 4, '0') || '-' || chr(65 + i % 26),
       (array['Fiat 500','VW Golf','Skoda Octavia','Renault Zoe','Opel Vivaro'])[1 + i % 5],
       (array['mini','compact','estate','electric','van'])[1 + i % 5], 1 + i % 24, 29 + (i * 7) % 90
     from generate_series(1, 1400) i`,
  ],
  [
    'customers',
    `insert into customers select i,
       (array['Ana','Bruno','Carla','Davide','Elena','Felix','Greta','Hugo','Ines','Jonas'])[1 + i % 10] || ' ' ||
       (array['Almeida','Bauer','Costa','Dupont','Esposito','Fischer','Garcia','Horvat'])[1 + (i / 10) % 8] || ' ' || i,
       'customer' || i || '@mail.example', '+00 ' || (600000000 + i * 7919 % 99999999), current_date - 90 - i % 700
     from generate_series(1, 24000) i`,
  ],
  [
    'reservations',
    `insert into reservations select i, 1 + (i * 7919) % 24000, 1 + (i * 104729) % 1400, 1 + i % 24,
       date_trunc('day', now()) - interval '90 days' + ((i * 104 / 95000)::int) * interval '1 day' + ((8 + i % 10)::int) * interval '1 hour',
       1 + i % 9, case when i * 104 / 95000 > 90 then 'booked' when i % 23 = 0 then 'cancelled' else 'picked up' end,
       date_trunc('day', now()) - interval '97 days' + ((i * 104 / 95000)::int) * interval '1 day'
     from generate_series(1::bigint, 95000) i`,
  ],
  [
    'payments',
    `insert into payments select r.id, r.id, r.days * c.daily_rate,
       (array['card','card','card','transfer'])[1 + r.id % 4], r.booked_at + interval '2 minutes'
     from reservations r join cars c on c.id = r.car where r.status <> 'cancelled'`,
  ],
  [
    'keys and indexes',
    `alter table cars add foreign key (home) references locations;
     alter table reservations add foreign key (customer) references customers, add foreign key (car) references cars,
       add foreign key (location) references locations;
     alter table payments add foreign key (reservation) references reservations;
     create index on reservations (pick_up); create index on payments (reservation)`,
  ],
];

/** Little log is kept, so that a backup is about as large as the data. */
export const serverSettings: { readonly [name: string]: string } = {
  min_wal_size: '2MB',
  max_wal_size: '16MB',
  synchronous_commit: 'off',
  autovacuum: 'off',
  max_slot_wal_keep_size: '256MB',
};

export const tableNames: readonly string[] = ['locations', 'cars', 'customers', 'reservations', 'payments'];

/** Fills an empty database; tells each step. */
export async function loadPocketOs(url: string, progress: (text: string) => void): Promise<void> {
  const client = await connect(url);
  try {
    await client.query('begin');
    await client.query(tables);
    for (const [what, sql] of steps) {
      progress(what);
      await client.query(sql);
    }
    await client.query('commit');
    await client.query('analyze');
    // Twice: the log that loading left is let go only at the second one, and would else be in every backup.
    await client.query('checkpoint');
    await client.query('checkpoint');
  } finally {
    await client.end();
  }
}

/** Rows a table, and in all. Throws when the database does not answer. */
export async function countRows(url: string): Promise<{ readonly [table: string]: number; readonly all: number }> {
  const client = await connect(url);
  try {
    const counts = tableNames.map((name) => `(select count(*)::int from ${name}) as ${name}`).join(', ');
    const { rows } = await client.query<{ [table: string]: number }>(`select ${counts}`);
    const [found = {}] = rows;
    return { ...found, all: Object.values(found).reduce((sum, one) => sum + one, 0) };
  } finally {
    await client.end();
  }
}

export async function connect(url: string): Promise<Client> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 3_000, query_timeout: 30_000 });
  // Without a listener, a server that is killed under a client would end our process.
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/** Whether a server is there at all. */
export async function answers(url: string): Promise<boolean> {
  try {
    await (await connect(url)).end();
    return true;
  } catch {
    return false;
  }
}
