import { parse } from 'smol-toml';
import type { Named } from '../read/document.ts';

/** String values of TOML, by its parser; each is looked for behind its key. Throws what the parser throws. */
export function namedInToml(text: string): readonly Named[] {
  const found: Named[] = [];
  const work: { readonly names: readonly string[]; readonly value: unknown; readonly from: number }[] = [
    { names: [], value: parse(text), from: 0 },
  ];
  for (let next = work.pop(); next !== undefined; next = work.pop()) {
    const { names, value, from } = next;
    if (typeof value === 'string') {
      const place = placeOf(text, names.at(-1) ?? '', value, from);
      if (place !== undefined) found.push({ key: names.at(-1) ?? '', path: names.join('.'), value, ...place });
    } else if (Array.isArray(value)) {
      for (const one of value as readonly unknown[]) work.push({ names, value: one, from });
    } else if (typeof value === 'object' && value !== null && !(value instanceof Date)) {
      for (const [name, one] of Object.entries(value)) {
        const at = text.indexOf(name, from);
        work.push({ names: [...names, name], value: one, from: at === -1 ? from : at });
      }
    }
  }
  return found;
}

function placeOf(text: string, key: string, value: string, from: number): { start: number; end: number } | undefined {
  const named = text.indexOf(key, from);
  const near = text.indexOf(value, named === -1 ? from : named + key.length);
  const at = near === -1 ? text.indexOf(value) : near;
  return value === '' || at === -1 ? undefined : { start: at, end: at + value.length };
}
