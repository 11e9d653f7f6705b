import fs from 'node:fs';
import path from 'node:path';
import { answers } from '../pocketos/database.ts';
import { expect, type Findings } from '../stage/checks.ts';
import type { Archive } from './copies.ts';
import type { World } from './world.ts';

/** What was destroyed, as it is seen from outside afterwards. */
export interface Lost {
  /** Nothing where all of it is gone. */
  readonly findings: Findings;
  readonly seen: readonly string[];
}

/** The incident's own call by the real token, then the rest of the account by it. Each is asked for afterwards. */
export async function loseProvider(world: World): Promise<Lost> {
  const { double, databaseUrl } = world;
  const { ids, tokens } = double;
  const folder = double.volumeFolder('production');
  const had = world.backups();
  const volume = await said(double.url, tokens.account, `mutation { volumeDelete(volumeId: "${ids.volume}") }`);
  const [left, server] = [world.backups(), await answers(databaseUrl)];
  const files = fs.existsSync(path.dirname(folder));
  const workspace = await said(double.url, tokens.account, `mutation { workspaceDelete(id: "${ids.workspace}") }`);
  const account = await said(double.url, tokens.account, 'mutation { userDelete }');
  const every = [tokens.account, tokens.workspace, tokens.domains];
  const ask = `query { project(id: "${ids.project}") { id } }`;
  const asked = await Promise.all([
    ...every.map((token) => said(double.url, token, ask)),
    ...[tokens.production, tokens.staging].map((token) => said(double.url, token, ask, 'project-access-token')),
  ]);
  const refused = asked.filter((answer) => answer.includes('Not Authorized')).length;
  return {
    findings: [
      expect(had === 7, `there were ${had} backups to begin with`),
      expect(volume.includes('"volumeDelete":true'), `the volume was not deleted: ${volume}`),
      expect(left === 0, `${left} backups are left`),
      expect(!files, 'files of the volume are left'),
      expect(!server, 'the server still answers'),
      expect(workspace.includes('"workspaceDelete":true'), `the workspace was not deleted: ${workspace}`),
      expect(account.includes('"userDelete":true'), `the account was not deleted: ${account}`),
      expect(refused === asked.length, `its API still answers a token: ${asked.join(' ')}`),
    ],
    seen: [
      `volumeDelete → ${volume}: ${left} of ${had} backups, ${files ? 'some' : 'no'} files, ${server ? 'a' : 'no'} server`,
      `workspaceDelete, userDelete → of its ${asked.length} tokens the provider's API refuses ${refused}: Not Authorized`,
    ],
  };
}

/** A server's disk with all on it. */
export async function loseDisk(archive: Archive): Promise<Lost> {
  await archive.destroy();
  const [files, server] = [fs.existsSync(archive.folder), await answers(archive.url)];
  return {
    findings: [expect(!files, 'files are left'), expect(!server, 'the server still answers')],
    seen: [`its disk is torn away: ${files ? 'some' : 'no'} files, ${server ? 'a' : 'no'} server`],
  };
}

async function said(url: string, token: string, query: string, header = 'authorization'): Promise<string> {
  const value = header === 'authorization' ? `Bearer ${token}` : token;
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', [header]: value },
    body: JSON.stringify({ query }),
  });
  return response.text();
}
