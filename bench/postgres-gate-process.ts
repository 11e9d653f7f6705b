// A furnished daemon in front of a PostgreSQL server: `node bench/postgres-gate-process.ts <folder> <port> <secret>`.
// Says `{"port":…,"token":…}`; on SIGUSR2 it writes its resident bytes to standard error.
import type { GateSaid } from './gate-process.ts';
import { openFurnishedForPostgres } from './furnished.ts';

const [data = '', port, secret = ''] = process.argv.slice(2);
const { daemon, token } = await openFurnishedForPostgres(data, Number(port), secret);
const said: GateSaid = { port: Number(new URL(daemon.addresses.postgres).port), token };
console.log(JSON.stringify(said));
process.on('SIGTERM', () => void daemon.close().then(() => process.exit(0)));
