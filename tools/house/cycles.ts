/**
 * Every knot of modules that import each other (the strongly connected components with an edge inside, by Tarjan), each
 * as its members in the order they were met. Edges to what is not a key are left out.
 */
export function cyclesIn(graph: ReadonlyMap<string, readonly string[]>): readonly (readonly string[])[] {
  const search: Search = { graph, order: new Map(), open: [], found: [] };
  for (const start of graph.keys()) if (!search.order.has(start)) visit(search, start);
  return search.found;
}

interface Search {
  readonly graph: ReadonlyMap<string, readonly string[]>;
  readonly order: Map<string, number>;
  readonly open: string[];
  readonly found: (readonly string[])[];
}

function visit(search: Search, node: string): number {
  const { graph, order, open, found } = search;
  const index = order.size;
  let lowest = index;
  order.set(node, index);
  open.push(node);
  for (const next of graph.get(node) ?? []) {
    if (!graph.has(next)) continue;
    if (!order.has(next)) lowest = Math.min(lowest, visit(search, next));
    else if (open.includes(next)) lowest = Math.min(lowest, order.get(next) ?? lowest);
  }
  if (lowest === index) {
    const knot = open.splice(open.indexOf(node));
    if (knot.length > 1 || (graph.get(node) ?? []).includes(node)) found.push(knot);
  }
  return lowest;
}
