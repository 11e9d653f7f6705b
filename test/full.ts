/** Whether every test and every seeded case is asked for, as CI does; plain `npm test` has minutes. */
export const full = process.env['HOLDPOINT_FULL'] === '1';

/** All of them where everything is asked for; else every `of`-th, from `from` on, so that several takers cover all. */
export function share<T>(cases: readonly T[], of: number, from = 0): readonly T[] {
  return full ? cases : cases.filter((_, at) => at % of === from % of);
}
