/**
 * Everything that can hide, reorder or forge what a person reads: control and format characters, bidi marks, zero-width
 * and tag characters, variation selectors, line and paragraph separators, spaces that are no plain space, the blank Braille
 * pattern, lone surrogates.
 */
const hidden = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\p{M}\u2800]|[^\S \n]/gu;

/** Combining marks are left alone after a letter of a script that needs them; at most this many in a row. */
const marksInARow = 3;

/**
 * The text with every hidden character written out as `⟨U+202E⟩`. The one place through which text that an agent could
 * have written reaches a terminal, a page or a chat. `\n` stays only where `lines` is true.
 */
export function visible(text: string, options: { readonly lines?: boolean } = {}): string {
  let marks = 0;
  let last = -1;
  return text.replace(hidden, (character: string, offset: number) => {
    if (character === '\n') return options.lines === true ? character : name(character);
    if (/^\p{M}$/u.test(character) && !/\p{Default_Ignorable_Code_Point}/u.test(character)) {
      marks = offset === last ? marks + 1 : 1;
      last = offset + character.length;
      if (marks <= marksInARow && offset > 0) return character;
    }
    return name(character);
  });
}

function name(character: string): string {
  return `⟨U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}⟩`;
}

/** Whether a name mixes Latin with scripts that have look-alikes of it: worth a warning beside the name. */
export function mixesScripts(text: string): boolean {
  return (
    /\p{Script=Latin}/u.test(text) &&
    /[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}\p{Script=Cherokee}]/u.test(text)
  );
}
