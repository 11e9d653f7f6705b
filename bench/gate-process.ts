// A furnished daemon in a process of its own: `node bench/gate-process.ts <folder> <port of the far side>`. Says
// `{"port":…,"token":…}`.
import { openFurnished } from './furnished.ts';

/** What this process says once it is ready. */
export interface GateSaid {
  readonly port: number;
  readonly token: string;
}

const [data = '', farSide] = process.argv.slice(2);
const { daemon, token } = await openFurnished(data, Number(farSide));
const said: GateSaid = { port: Number(new URL(daemon.addresses.http).port), token };
console.log(JSON.stringify(said));
process.on('SIGTERM', () => void daemon.close().then(() => process.exit(0)));
