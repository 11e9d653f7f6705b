import type { Dice } from '../fault/journal-dice.ts';

type Path = readonly (string | number)[];

/** Every place in a JSON value where something stands that is neither object nor list, and every empty object or list. */
export function leaves(value: unknown, path: Path = []): readonly Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  const members = Object.entries(value);
  if (members.length === 0) return [path];
  return members.flatMap(([key, member]) => leaves(member, [...path, Array.isArray(value) ? Number(key) : key]));
}

/** The same value with another one at a place: a letter changed, a number moved, nothing turned into something. */
export function mutated(value: unknown, path: Path, dice: Dice): unknown {
  const [first, ...rest] = path;
  if (first === undefined) return another(value, dice);
  if (Array.isArray(value)) return value.map((item: unknown, at) => (at === first ? mutated(item, rest, dice) : item));
  const object = value as { readonly [key: string]: unknown };
  return { ...object, [first]: mutated(object[String(first)], rest, dice) };
}

/** The same value with a member taken away, doubled or put in. */
export function misshapen(value: unknown, path: Path, dice: Dice): unknown {
  const [first, ...rest] = path;
  if (first === undefined) return value;
  if (rest.length > 0 && dice.below(2) === 0) {
    if (Array.isArray(value))
      return value.map((item: unknown, at) => (at === first ? misshapen(item, rest, dice) : item));
    const object = value as { readonly [key: string]: unknown };
    return { ...object, [first]: misshapen(object[String(first)], rest, dice) };
  }
  if (Array.isArray(value))
    return dice.below(2) === 0
      ? value.filter((_, at) => at !== first)
      : [...(value as unknown[]), value[Number(first)]];
  const { [String(first)]: _gone, ...others } = value as { readonly [key: string]: unknown };
  return dice.below(2) === 0 ? others : { ...(value as object), extra: dice.below(1000) };
}

function another(value: unknown, dice: Dice): unknown {
  if (typeof value === 'string') return anotherText(value, dice);
  if (typeof value === 'number') return value + 1 + dice.below(3);
  if (typeof value === 'boolean') return !value;
  if (Array.isArray(value)) return ['something'];
  return value === null ? 'something' : { something: dice.below(1000) };
}

function anotherText(text: string, dice: Dice): string {
  const at = dice.below(text.length + 1);
  const letter = dice.pick('abcdefghijklmnopqrstuvwxyz0123456789_-'.split(''));
  const changed =
    dice.below(3) === 0 || at === text.length
      ? `${text}${letter}`
      : `${text.slice(0, at)}${letter}${text.slice(at + 1)}`;
  return changed === text ? `${text}x` : changed;
}
