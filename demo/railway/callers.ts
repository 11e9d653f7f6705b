import type { IncomingHttpHeaders } from 'node:http';
import { maybeText, type Row, text } from './json.ts';
import type { State } from './state.ts';
import { type TableName, tableByColumn } from './tables.ts';

/**
 * Who a token speaks for. As in the incident, a token has no narrower authority than its breadth: whatever it can see it can
 * also destroy. A project token sees its project and one environment of it; project-level things such as a volume are
 * within its reach, and deleting one takes the instances of every environment along.
 */
export type Caller =
  | { readonly kind: 'account'; readonly userId: string }
  | { readonly kind: 'workspace'; readonly userId: string; readonly workspaceId: string }
  | {
      readonly kind: 'project';
      readonly tokenId: string;
      readonly projectId: string;
      readonly environmentId: string;
    };

/** The credential as sent: `Authorization: Bearer <uuid>` or `Project-Access-Token: <uuid>`. */
export function tokenOf(headers: IncomingHttpHeaders): { readonly header: string; readonly value: string } | null {
  const project = headers['project-access-token'];
  if (typeof project === 'string' && project !== '') return { header: 'project-access-token', value: project.trim() };
  const bearer = /^bearer\s+(?<token>\S+)\s*$/iu.exec(headers.authorization ?? '')?.groups?.['token'];
  return bearer === undefined ? null : { header: 'authorization', value: bearer };
}

export function callerOf(state: State, headers: IncomingHttpHeaders): Caller | null {
  const token = tokenOf(headers);
  if (token === null) return null;
  if (token.header === 'project-access-token') {
    const row = state.find('projectTokens', { token: token.value });
    if (row === undefined) return null;
    return {
      kind: 'project',
      tokenId: row.id,
      projectId: text(row, 'projectId'),
      environmentId: text(row, 'environmentId'),
    };
  }
  const row = state.find('apiTokens', { token: token.value });
  if (row === undefined) return null;
  const userId = text(row, 'userId');
  if (state.get('users', userId) === undefined) return null;
  const workspaceId = maybeText(row, 'workspaceId');
  return workspaceId === null ? { kind: 'account', userId } : { kind: 'workspace', userId, workspaceId };
}

interface Scope {
  readonly environmentId?: string;
  readonly projectId?: string;
  readonly workspaceId?: string;
  readonly userId?: string;
}

/** Columns that say where a row belongs, the closest first. */
const columns = [
  'environmentId',
  'volumeInstanceId',
  'serviceInstanceId',
  'deploymentId',
  'cloudAgentId',
  'projectId',
  'serviceId',
  'volumeId',
  'bucketId',
  'templateId',
  'customerId',
  'workspaceId',
  'userId',
] as const;

export function scopeOf(state: State, table: TableName, row: Row): Scope {
  if (table === 'users') return { userId: row.id };
  if (table === 'workspaces') return { workspaceId: row.id };
  if (table === 'projects') return { ...workspaceOf(row), projectId: row.id };
  if (table === 'environments') {
    return { ...above(state, 'projects', maybeText(row, 'projectId')), environmentId: row.id };
  }
  for (const column of columns) {
    const id = maybeText(row, column);
    const target = tableByColumn[column];
    if (id !== null && target !== undefined) return above(state, target, id);
  }
  return {};
}

function above(state: State, table: TableName, id: string | null): Scope {
  const row = id === null ? undefined : state.get(table, id);
  return row === undefined ? {} : scopeOf(state, table, row);
}

function workspaceOf(row: Row): Scope {
  const workspaceId = maybeText(row, 'workspaceId');
  return workspaceId === null ? {} : { workspaceId };
}

/** May this caller see, and so also change, this row? */
export function sees(state: State, caller: Caller, table: TableName, row: Row): boolean {
  const scope = scopeOf(state, table, row);
  switch (caller.kind) {
    case 'account':
      if (scope.workspaceId !== undefined) return isMember(state, caller.userId, scope.workspaceId);
      return scope.projectId !== undefined || scope.userId === undefined || scope.userId === caller.userId;
    case 'workspace':
      if (scope.workspaceId !== undefined) return scope.workspaceId === caller.workspaceId;
      return scope.projectId === undefined && (scope.userId === undefined || scope.userId === caller.userId);
    case 'project':
      if (scope.projectId !== caller.projectId) return false;
      return scope.environmentId === undefined || scope.environmentId === caller.environmentId;
  }
}

function isMember(state: State, userId: string, workspaceId: string): boolean {
  return state.find('workspaceMembers', { userId, workspaceId }) !== undefined;
}
