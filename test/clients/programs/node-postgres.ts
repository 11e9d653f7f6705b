import { Client, type DatabaseError } from 'pg';

// node-postgres by DATABASE_URL, as an application has it: `node node-postgres.ts <statement>`.
const [statement = ''] = process.argv.slice(2);
const client = new Client({ connectionString: process.env['DATABASE_URL'] ?? '' });
client.on('error', () => undefined);
try {
  await client.connect();
  const { rows } = await client.query(statement);
  console.log(JSON.stringify(rows));
} catch (error) {
  const { code, message, detail, hint } = error as DatabaseError;
  console.error(`${code ?? ''}: ${message}\n${detail ?? ''}\n${hint ?? ''}`);
  process.exitCode = 1;
} finally {
  await client.end().catch(() => undefined);
}
