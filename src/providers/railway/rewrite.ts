import {
  type DocumentNode,
  type FieldNode,
  type GraphQLSchema,
  Kind,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import { createdOperations, namedBy } from './undo/creations.ts';
import type { Rewrite, RootField, SelectedField } from '../../languages/graphql/index.ts';

/** Aliases that are ours: what stands under one in a plan was put there by us, and is read as that. */
const prefix = 'holdpoint_';
const scheduledPrefix = `${prefix}scheduled_`;
const addedKey = `${prefix}id`;

/** Operation → the milder one, with the same arguments and the same type of answer, that is sent in its place. */
const milder: { readonly [operation: string]: string } = { projectDelete: 'projectScheduleDelete' };

/**
 * What is changed in a document before it is judged, shown, signed and sent. A `projectDelete` is sent as
 * `projectScheduleDelete`, which can be cancelled; a creation is also asked for the id of what it makes, without which
 * nobody could take it away again. Both are told by their aliases, so that a plan is read as it was planned.
 */
export function railwayRewrite(schema: GraphQLSchema): Rewrite {
  const mutation = schema.getMutationType();
  return (document) => {
    if (!document.definitions.some(mayNeedIt)) return document;
    let changed = false;
    const info = new TypeInfo(schema);
    const rewritten = visit(
      document,
      visitWithTypeInfo(info, {
        Field: {
          leave(node): FieldNode | undefined {
            if (info.getParentType() !== mutation) return undefined;
            const better = withId(scheduled(node));
            if (better === node) return undefined;
            changed = true;
            return better;
          },
        },
      }),
    ) as DocumentNode;
    return changed ? rewritten : document;
  };
}

/** Walking by types costs: a document of queries alone is not walked. */
function mayNeedIt(definition: DocumentNode['definitions'][number]): boolean {
  return definition.kind === Kind.OPERATION_DEFINITION && definition.operation === 'mutation';
}

function scheduled(node: FieldNode): FieldNode {
  const name = Object.hasOwn(milder, node.name.value) ? milder[node.name.value] : undefined;
  if (name === undefined) return node;
  const alias = `${scheduledPrefix}${node.alias?.value ?? node.name.value}`;
  return { ...node, alias: { kind: Kind.NAME, value: alias }, name: { kind: Kind.NAME, value: name } };
}

function withId(node: FieldNode): FieldNode {
  const { selectionSet, name } = node;
  if (!createdOperations.has(name.value) || selectionSet === undefined) return node;
  const member = namedBy(name.value);
  const has = selectionSet.selections.some(
    (one) => one.kind === Kind.FIELD && one.name.value === member && (one.directives?.length ?? 0) === 0,
  );
  if (has) return node;
  const added: FieldNode = {
    kind: Kind.FIELD,
    alias: { kind: Kind.NAME, value: addedKey },
    name: { kind: Kind.NAME, value: member },
  };
  return { ...node, selectionSet: { ...selectionSet, selections: [...selectionSet.selections, added] } };
}

/** What the client asked for where the plan holds the milder operation: undefined where it holds what was asked for. */
export function askedFor(field: RootField): string | undefined {
  if (!field.key.startsWith(scheduledPrefix)) return undefined;
  return Object.keys(milder).find((name) => milder[name] === field.name);
}

/** The key in which the client looks for the answer. */
export function askedKey(field: RootField): string {
  return field.key.slice(scheduledPrefix.length);
}

/** Whether a selected field is one that we put in. */
export function isAdded(field: SelectedField): boolean {
  return field.key === addedKey;
}
