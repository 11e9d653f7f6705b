/** Cells that a character may take; when in doubt two, so that a terminal never breaks a line where we did not. */
function cells(character: string): number {
  return (character.codePointAt(0) ?? 0) >= 0x1100 ? 2 : 1;
}

/**
 * The whole text in lines of at most `width` cells, broken between words where that is possible. Nothing is left out and
 * nothing added: the lines joined are the text.
 */
export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  let used = 0;
  for (const word of text.split(/(?<= )/)) {
    const wide = Array.from(word).reduce((sum, character) => sum + cells(character), 0);
    if (used > 0 && used + wide > width && wide <= width) {
      lines.push(line);
      line = '';
      used = 0;
    }
    for (const character of word) {
      if (used > 0 && used + cells(character) > width) {
        lines.push(line);
        line = '';
        used = 0;
      }
      line += character;
      used += cells(character);
    }
  }
  if (line !== '' || lines.length === 0) lines.push(line);
  return lines;
}
