import { getNamedType, type GraphQLSchema, isEnumType, isInputObjectType, isScalarType } from 'graphql';

/**
 * Everything of the schema that a class was given for, one line each: root fields with their arguments, every input
 * field and enum value that an argument can reach. A line that is not among the pins is new, and nobody judged it.
 */
export function pinnedSignatures(schema: GraphQLSchema): readonly string[] {
  const lines = new Set<string>();
  const waiting: string[] = [];
  for (const root of [schema.getMutationType(), schema.getQueryType(), schema.getSubscriptionType()]) {
    for (const field of Object.values(root?.getFields() ?? {})) {
      const args = field.args.map((argument) => `${argument.name}: ${argument.type.toString()}`).sort();
      lines.add(`${root?.name ?? ''}.${field.name}(${args.join(', ')}): ${field.type.toString()}`);
      waiting.push(...field.args.map((argument) => getNamedType(argument.type).name));
    }
  }
  const seen = new Set<string>();
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (seen.has(name)) continue;
    seen.add(name);
    const type = schema.getType(name);
    if (isInputObjectType(type)) {
      for (const field of Object.values(type.getFields())) {
        lines.add(`${name}.${field.name}: ${field.type.toString()}`);
        waiting.push(getNamedType(field.type).name);
      }
    }
    if (isEnumType(type)) for (const value of type.getValues()) lines.add(`${name} = ${value.name}`);
    if (isScalarType(type)) lines.add(`scalar ${name}`);
  }
  return [...lines].sort();
}
