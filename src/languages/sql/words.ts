import { constantOf, listIn, pathOf, stringOf, tagged, textIn, type Tree } from './tree.ts';
import { visible } from '../../model/visible.ts';

/** Longest name that is shown; PostgreSQL's own end at 63 bytes a piece. */
const shown = 130;

/** A name in backticks, with nothing in it that could hide or forge. */
export function quoted(path: readonly string[] | string): string {
  const name = typeof path === 'string' ? path : path.join('.');
  const clean = visible(name.slice(0, shown)).replaceAll('`', '´');
  return `\`${clean}${name.length > shown ? '…' : ''}\``;
}

/** `[database, schema, name]`, as far as a RangeVar gives them. */
export function relationPath(relation: Tree): readonly string[] {
  return [textIn(relation, 'catalogname'), textIn(relation, 'schemaname'), textIn(relation, 'relname')].filter(
    (one) => one !== undefined,
  );
}

/** A type as written: `pg_catalog.int4`, `text[]`. */
export function typeText(type: Tree): string {
  const array = listIn(type, 'arrayBounds').length > 0 ? '[]' : '';
  return `${listIn(type, 'names').map(stringOf).join('.')}${array}`;
}

/** Whom a RoleSpec means: a name, or `current_user`, `public` and the like. */
export function roleName(role: Tree): string {
  const name = textIn(role, 'rolename');
  if (name !== undefined) return name;
  return (textIn(role, 'roletype') ?? '').replace('ROLESPEC_', '').toLowerCase();
}

/** Words of the grammar's object types, as they stand in operations: `materialized-view`. */
export const objectWords: ReadonlyMap<string, string> = new Map([
  ['OBJECT_ACCESS_METHOD', 'access-method'],
  ['OBJECT_AGGREGATE', 'function'],
  ['OBJECT_AMOP', 'operator-family'],
  ['OBJECT_AMPROC', 'operator-family'],
  ['OBJECT_ATTRIBUTE', 'type'],
  ['OBJECT_CAST', 'cast'],
  ['OBJECT_COLUMN', 'column'],
  ['OBJECT_COLLATION', 'collation'],
  ['OBJECT_CONVERSION', 'conversion'],
  ['OBJECT_DATABASE', 'database'],
  ['OBJECT_DEFAULT', 'default'],
  ['OBJECT_DEFACL', 'privilege'],
  ['OBJECT_DOMAIN', 'type'],
  ['OBJECT_DOMCONSTRAINT', 'constraint'],
  ['OBJECT_EVENT_TRIGGER', 'event-trigger'],
  ['OBJECT_EXTENSION', 'extension'],
  ['OBJECT_FDW', 'foreign-data-wrapper'],
  ['OBJECT_FOREIGN_SERVER', 'foreign-server'],
  ['OBJECT_FOREIGN_TABLE', 'foreign-table'],
  ['OBJECT_FUNCTION', 'function'],
  ['OBJECT_INDEX', 'index'],
  ['OBJECT_LANGUAGE', 'language'],
  ['OBJECT_LARGEOBJECT', 'large-object'],
  ['OBJECT_MATVIEW', 'materialized-view'],
  ['OBJECT_OPCLASS', 'operator-class'],
  ['OBJECT_OPERATOR', 'operator'],
  ['OBJECT_OPFAMILY', 'operator-family'],
  ['OBJECT_PARAMETER_ACL', 'privilege'],
  ['OBJECT_POLICY', 'policy'],
  ['OBJECT_PROCEDURE', 'function'],
  ['OBJECT_PUBLICATION', 'publication'],
  ['OBJECT_PUBLICATION_NAMESPACE', 'publication'],
  ['OBJECT_PUBLICATION_REL', 'publication'],
  ['OBJECT_ROLE', 'role'],
  ['OBJECT_ROUTINE', 'function'],
  ['OBJECT_RULE', 'rule'],
  ['OBJECT_SCHEMA', 'schema'],
  ['OBJECT_SEQUENCE', 'sequence'],
  ['OBJECT_SUBSCRIPTION', 'subscription'],
  ['OBJECT_STATISTIC_EXT', 'statistics'],
  ['OBJECT_TABCONSTRAINT', 'constraint'],
  ['OBJECT_TABLE', 'table'],
  ['OBJECT_TABLESPACE', 'tablespace'],
  ['OBJECT_TRANSFORM', 'transform'],
  ['OBJECT_TRIGGER', 'trigger'],
  ['OBJECT_TSCONFIGURATION', 'text-search'],
  ['OBJECT_TSDICTIONARY', 'text-search'],
  ['OBJECT_TSPARSER', 'text-search'],
  ['OBJECT_TSTEMPLATE', 'text-search'],
  ['OBJECT_TYPE', 'type'],
  ['OBJECT_USER_MAPPING', 'user-mapping'],
  ['OBJECT_VIEW', 'view'],
]);

/** Object types that are relations: their names are resolved in pg_class. */
export const relationWords: ReadonlySet<string> = new Set([
  'table',
  'view',
  'materialized-view',
  'sequence',
  'index',
  'foreign-table',
]);

/** Types of an ObjectWithArgs, where it gives them. */
function signatureOf(object: Tree): readonly string[] | undefined {
  if (object['args_unspecified'] === true) return undefined;
  return listIn(object, 'objargs').map((one) => {
    const type = tagged(one);
    return type === undefined ? 'none' : typeText(type.tree);
  });
}

/** The name in the `object` of DROP, COMMENT, ALTER … RENAME, OWNER, SET SCHEMA: each type writes it in its own way. */
export function objectPath(object: unknown): { path: readonly string[]; signature?: readonly string[] } {
  const node = tagged(object);
  if (node === undefined) return { path: [] };
  switch (node.kind) {
    case 'ObjectWithArgs': {
      const signature = signatureOf(node.tree);
      const path = listIn(node.tree, 'objname').map(stringOf);
      return signature === undefined ? { path } : { path, signature };
    }
    case 'TypeName':
      return { path: listIn(node.tree, 'names').map(stringOf) };
    case 'RoleSpec':
      return { path: [roleName(node.tree)] };
    case 'RangeVar':
      return { path: relationPath(node.tree) };
    case 'List':
      return {
        path: listIn(node.tree, 'items').flatMap((one) => {
          const item = tagged(one);
          return item?.kind === 'TypeName' ? [typeText(item.tree)] : pathOf(one);
        }),
      };
    case 'A_Const':
    case 'Integer':
    case 'Float':
      return { path: [constantOf(object) ?? ''] };
    default:
      return { path: pathOf(object) };
  }
}
