import { operations, type Operation } from '../../languages/sql/index.ts';

/** What every client says besides its statements: the transaction's frame, settings, cursors, prepared statements. */
const frame: readonly Operation[] = [
  'postgres:begin',
  'postgres:close-cursor',
  'postgres:commit',
  'postgres:deallocate',
  'postgres:declare-cursor',
  'postgres:discard',
  'postgres:execute',
  'postgres:fetch',
  'postgres:prepare',
  'postgres:reset',
  'postgres:rollback',
  'postgres:savepoint',
  'postgres:set',
  'postgres:set-constraints',
  'postgres:show',
];

const reads: readonly Operation[] = [...frame, 'postgres:explain', 'postgres:listen', 'postgres:select'];

const writes: readonly Operation[] = [
  ...reads,
  'postgres:call',
  'postgres:delete',
  'postgres:insert',
  'postgres:lock-rows',
  'postgres:lock-table',
  'postgres:notify',
  'postgres:update',
];

/** What belongs to the server, to its roles, or to other servers: no migration of an application needs it. */
const beyondMigrations =
  /^postgres:(?:alter-database|alter-database-set|alter-default-privileges|alter-role|alter-role-set|alter-system|alter-tablespace|checkpoint|commit-prepared|copy-file|copy-program|create-database|create-role|create-tablespace|drop-database|drop-owned|drop-role|drop-tablespace|grant-role|load|prepare-transaction|reassign-owned|revoke-role|rollback-prepared|security-label|set-role|unknown)$|(?:access-method|event-trigger|foreign-data-wrapper|foreign-schema|foreign-server|foreign-table|language|publication|subscription|transform|user-mapping)$/;

/** Words people use → the operations that they mean. The frame is in each: no client can do without. */
export const presets: { readonly [name: string]: readonly string[] } = Object.freeze({
  'postgres:read': reads,
  'postgres:write': writes,
  'postgres:migrate': operations.filter((one) => !beyondMigrations.test(one)),
  'postgres:all': operations,
});
