import { modesIn } from './frame.ts';
import type { Operation } from './operations.ts';
import type { Readers, Reading } from './reading.ts';
import { standingOf } from './settings-known.ts';
import type { SettingFact } from './statement.ts';
import { constantOf, flagIn, listIn, tagged, textIn, type Tree, treeIn, Unread } from './tree.ts';
import { quoted } from './words.ts';

/** SET, RESET, SHOW, DISCARD, LISTEN: what changes or shows the session. */
export const settingReaders: Readers = {
  VariableSetStmt: (tree, reading) => {
    const setting = settingOf(tree, flagIn(tree, 'is_local') ? 'local' : 'session');
    reading.facts.setting = setting;
    if (setting.name === 'role' || setting.name === 'session_authorization') {
      for (const role of setting.values ?? []) if (role !== 'none') reading.object('role', [role]);
    }
    const verb = setting.act === 'set' ? 'sets' : 'resets';
    reading.part({
      operation: operationOf(setting),
      class: 'setting',
      inverse: 'nothing',
      traits: operationOf(setting) === 'postgres:set-role' ? ['privilege'] : [],
      sentence: `${verb} ${quoted(setting.name)}${setting.scope === 'local' ? ' for the transaction' : ''}`,
    });
  },
  VariableShowStmt: (tree, reading) => {
    const name = (textIn(tree, 'name') ?? 'all').toLowerCase();
    reading.facts.returnsRows = true;
    reading.facts.setting = Object.freeze({ name, act: 'show', scope: 'session', standing: standingOf(name) });
    reading.part({ operation: 'postgres:show', class: 'read-candidate', sentence: `shows ${quoted(name)}` });
  },
  DiscardStmt: (tree, reading) => {
    const what = (textIn(tree, 'target') ?? 'DISCARD_ALL').replace('DISCARD_', '').toLowerCase();
    reading.facts.setting = Object.freeze({ name: what, act: 'discard', scope: 'session', standing: 'relied' });
    const temporary = what === 'all' || what.startsWith('temp');
    reading.facts.temporary ||= temporary;
    reading.part({ operation: 'postgres:discard', class: 'setting', sentence: `discards the session’s ${what}` });
  },
  ListenStmt: (tree, reading) => listen(tree, reading, 'listens to'),
  UnlistenStmt: (tree, reading) => listen(tree, reading, 'stops listening to'),
  DeallocateStmt: (tree, reading) => {
    const name = textIn(tree, 'name') ?? 'all';
    reading.facts.setting = Object.freeze({
      name: name === 'all' ? 'all' : 'prepared',
      act: 'discard',
      scope: 'session',
      values: Object.freeze([name]),
      standing: 'relied',
    });
    reading.part({
      operation: 'postgres:deallocate',
      class: 'setting',
      sentence: `forgets prepared statement ${quoted(name)}`,
    });
  },
};

function listen(tree: Tree, reading: Reading, words: string): void {
  const name = textIn(tree, 'conditionname') ?? '*';
  reading.facts.setting = Object.freeze({ name, act: 'listen', scope: 'session', standing: 'plain' });
  reading.part({ operation: 'postgres:listen', class: 'setting', sentence: `${words} ${quoted(name)}` });
}

function operationOf(setting: SettingFact): Operation {
  if (setting.name === 'role' || setting.name === 'session_authorization') return 'postgres:set-role';
  return setting.act === 'reset' ? 'postgres:reset' : 'postgres:set';
}

const setKinds: ReadonlySet<string> = new Set(['VAR_SET_VALUE', 'VAR_SET_DEFAULT', 'VAR_SET_CURRENT', 'VAR_SET_MULTI']);

/** What a SET or RESET does, also the one within ALTER ROLE, ALTER DATABASE and ALTER SYSTEM (`standing`). */
export function settingOf(tree: Tree, scope: SettingFact['scope']): SettingFact {
  const kind = textIn(tree, 'kind') ?? '';
  const name = (textIn(tree, 'name') ?? 'all').toLowerCase();
  if (kind === 'VAR_RESET' || kind === 'VAR_RESET_ALL') {
    const reset = kind === 'VAR_RESET_ALL' ? 'all' : name;
    return Object.freeze({ name: reset, act: 'reset', scope, standing: standingOf(reset) });
  }
  if (!setKinds.has(kind)) throw new Unread('it sets in a way that is not known here');
  if (kind === 'VAR_SET_MULTI') return severalModes(tree, name);
  const values = listIn(tree, 'args').map(constantOf);
  const known = values.filter((value) => value !== undefined);
  return Object.freeze({
    name,
    act: 'set',
    scope,
    ...(values.length > 0 && known.length === values.length ? { values: Object.freeze(known) } : {}),
    standing: standingOf(name),
  });
}

/** SET TRANSACTION, SET SESSION CHARACTERISTICS and SET TRANSACTION SNAPSHOT. */
function severalModes(tree: Tree, name: string): SettingFact {
  const standing = 'relied';
  if (name === 'transaction snapshot') {
    const values = Object.freeze(listIn(tree, 'args').flatMap((one) => constantOf(one) ?? []));
    return Object.freeze({ name: 'transaction_snapshot', act: 'set', scope: 'local', values, standing });
  }
  const session = name === 'session characteristics';
  if (!session && name !== 'transaction') throw new Unread('it sets in a way that is not known here');
  return Object.freeze({
    name: session ? 'session_characteristics' : 'transaction',
    act: 'set',
    scope: session ? 'session' : 'local',
    modes: modesIn(listIn(tree, 'args')),
    standing,
  });
}

/** The setting within another statement. */
export function standingSetting(tree: Tree): SettingFact {
  const inner = treeIn(tree, 'setstmt') ?? tagged(tree['setstmt'])?.tree;
  if (inner === undefined) throw new Unread('there is nothing to set');
  return settingOf(inner, 'standing');
}
