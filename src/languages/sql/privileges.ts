import { objectIn } from './alter.ts';
import type { Operation } from './operations.ts';
import { inDefinition, type Reader, type Readers, type Reading } from './reading.ts';
import { standingSetting } from './setting.ts';
import { flagIn, listIn, tagged, textIn, type Tree, treeIn } from './tree.ts';
import { walk } from './walk.ts';
import { objectPath, objectWords, quoted, relationPath, relationWords, roleName } from './words.ts';
import type { Trait } from '../../model/action.ts';

/** Who may do what: grants, roles, default privileges, row policies, labels. */
export const privilegeReaders: Readers = {
  GrantStmt: readGrant,
  GrantRoleStmt: (tree, reading) => {
    const grants = flagIn(tree, 'is_grant');
    const roles = listIn(tree, 'granted_roles').map((one) => textIn(tagged(one)?.tree ?? {}, 'priv_name') ?? '');
    const to = listIn(tree, 'grantee_roles').map((one) => roleName(tagged(one)?.tree ?? {}));
    for (const role of roles) reading.object('role', [role]);
    reading.facts.cascade = textIn(tree, 'behavior') === 'DROP_CASCADE';
    reading.part({
      operation: grants ? 'postgres:grant-role' : 'postgres:revoke-role',
      inverse: 'set-back',
      traits: ['privilege'],
      sentence: `${grants ? 'makes' : 'ends that'} ${named(to)} ${grants ? 'a member' : 'is a member'} of ${named(roles)}`,
    });
    walk('GrantRoleStmt', tree, reading, inDefinition, ['granted_roles']);
  },
  AlterDefaultPrivilegesStmt: (tree, reading) => {
    const grants = flagIn(treeIn(tree, 'action') ?? {}, 'is_grant');
    reading.part({
      operation: 'postgres:alter-default-privileges',
      inverse: 'set-back',
      traits: ['privilege'],
      sentence: `${grants ? 'grants' : 'revokes'} rights on whatever is made later`,
    });
    walk('GrantStmt', treeIn(tree, 'action') ?? {}, reading, inDefinition, ['objects']);
  },
  CreateRoleStmt: (tree, reading) => {
    const name = textIn(tree, 'role') ?? '';
    reading.part({
      operation: 'postgres:create-role',
      inverse: 'remove',
      traits: ['credential', 'privilege'],
      on: reading.object('role', [name]),
      sentence: `makes role ${quoted(name)}`,
    });
    walk('CreateRoleStmt', tree, reading, inDefinition);
  },
  AlterRoleStmt: (tree, reading) => {
    const name = roleName(treeIn(tree, 'role') ?? {});
    reading.part({
      operation: 'postgres:alter-role',
      destroys: true,
      // The earlier password can't be read back, only its hash.
      inverse: 'set-back',
      traits: ['credential', 'privilege'],
      on: reading.object('role', [name]),
      sentence: `changes role ${quoted(name)}`,
    });
    walk('AlterRoleStmt', tree, reading, inDefinition);
  },
  AlterRoleSetStmt: (tree, reading) => {
    const role = treeIn(tree, 'role');
    const name = role === undefined ? 'all' : roleName(role);
    const setting = standingSetting(tree);
    reading.facts.setting = setting;
    reading.part({
      operation: 'postgres:alter-role-set',
      inverse: 'set-back',
      traits: ['privilege'],
      on: reading.object('role', [name]),
      sentence: `changes ${quoted(setting.name)} for every new session of role ${quoted(name)}`,
    });
  },
  DropRoleStmt: (tree, reading) => {
    reading.facts.ifExists = flagIn(tree, 'missing_ok');
    for (const one of listIn(tree, 'roles')) {
      const name = roleName(tagged(one)?.tree ?? {});
      reading.part({
        operation: 'postgres:drop-role',
        destroys: true,
        inverse: 'lost',
        traits: ['credential', 'privilege'],
        on: reading.object('role', [name]),
        sentence: `drops role ${quoted(name)}`,
      });
    }
  },
  ReassignOwnedStmt: (tree, reading) => {
    const to = roleName(treeIn(tree, 'newrole') ?? {});
    reading.part({
      operation: 'postgres:reassign-owned',
      inverse: 'set-back',
      traits: ['privilege'],
      sentence: `makes ${quoted(to)} the owner of all that others own`,
    });
    walk('ReassignOwnedStmt', tree, reading, inDefinition);
  },
  CreatePolicyStmt: policy('CreatePolicyStmt', 'postgres:create-policy', 'makes'),
  AlterPolicyStmt: policy('AlterPolicyStmt', 'postgres:alter-policy', 'changes'),
  SecLabelStmt: (tree, reading) => {
    const on = objectIn(tree, 'objtype', reading);
    reading.part({
      operation: 'postgres:security-label',
      inverse: 'set-back',
      traits: ['privilege'],
      on,
      sentence: `changes the security label of ${quoted(on.path)}`,
    });
  },
};

function readGrant(tree: Tree, reading: Reading): void {
  const grants = flagIn(tree, 'is_grant');
  const kind = objectWords.get(textIn(tree, 'objtype') ?? '') ?? 'table';
  const all = textIn(tree, 'targtype') === 'ACL_TARGET_ALL_IN_SCHEMA';
  const objects = listIn(tree, 'objects').map(objectPath);
  const paths = objects.map(({ path }) => path);
  for (const { path, signature } of objects) {
    if (all) reading.object('schema', path);
    else if (relationWords.has(kind)) reading.relation(kind, path, 'alter');
    else reading.object(kind, path, signature);
  }
  const grantees = listIn(tree, 'grantees').map((one) => roleName(tagged(one)?.tree ?? {}));
  const rights = listIn(tree, 'privileges').map((one) => textIn(tagged(one)?.tree ?? {}, 'priv_name') ?? 'all');
  reading.facts.cascade = textIn(tree, 'behavior') === 'DROP_CASCADE';
  const where = `${all ? `every ${kind} of ` : ''}${paths.map((path) => quoted(path)).join(', ')}`;
  const what = rights.length === 0 ? 'all rights' : rights.map((right) => quoted(right)).join(', ');
  reading.part({
    operation: grants ? 'postgres:grant' : 'postgres:revoke',
    inverse: 'set-back',
    traits: ['privilege'],
    sentence: `${grants ? 'gives' : 'takes from'} ${named(grantees)} ${what} on ${where}`,
  });
  walk('GrantStmt', tree, reading, inDefinition, ['objects']);
}

function policy(statement: string, operation: Operation, verb: string): Reader {
  const traits: readonly Trait[] = ['privilege'];
  return (tree, reading) => {
    const table = relationPath(treeIn(tree, 'table') ?? {});
    const name = textIn(tree, 'policy_name') ?? '';
    reading.relation('table', table, 'alter');
    reading.facts.plants = true;
    reading.part({
      operation,
      inverse: operation === 'postgres:create-policy' ? 'remove' : 'set-back',
      traits,
      on: reading.object('policy', [...table, name]),
      sentence: `${verb} row policy ${quoted(name)} of ${quoted(table)}`,
    });
    walk(statement, tree, reading, inDefinition, ['table']);
  };
}

function named(roles: readonly string[]): string {
  return roles.map((role) => quoted(role)).join(', ');
}
