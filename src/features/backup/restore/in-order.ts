/** Does the work for each with several under way at once, and gives what came of it in order. The first failure ends it. */
export async function* inOrder<T, R>(
  all: Iterable<T>,
  most: number,
  work: (one: T) => Promise<R>,
): AsyncGenerator<readonly [T, R]> {
  const underWay: { readonly one: T; readonly result: Promise<R> }[] = [];
  try {
    for (const one of all) {
      const result = work(one);
      // Thrown when its turn comes; until then it is not nobody's.
      result.catch(() => undefined);
      underWay.push({ one, result });
      if (underWay.length < most) continue;
      const first = underWay.shift();
      if (first !== undefined) yield [first.one, await first.result];
    }
    for (let first = underWay.shift(); first !== undefined; first = underWay.shift())
      yield [first.one, await first.result];
  } finally {
    await Promise.allSettled(underWay.map(({ result }) => result));
  }
}
