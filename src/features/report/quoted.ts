import { visible } from '../../model/visible.ts';

/** Characters that mean something in Markdown, or begin HTML, and those that make a link of a bare address. */
const marks = /[\\`*_[\]<>#|~&@]|:(?=\/\/)|(?<=\bwww)\./gi;

/** Text of any origin as Markdown that shows it and does nothing: hidden characters written out, marks taken their meaning. */
export function plain(text: string): string {
  return visible(text).replaceAll(marks, (mark) => (mark === '<' ? '&lt;' : mark === '&' ? '&amp;' : `\\${mark}`));
}

/** Text as a code span, whatever backticks are in it (CommonMark §6.1). */
export function code(text: string): string {
  const shown = visible(text);
  const fence = '`'.repeat(longestRun(shown) + 1);
  const pad = shown.startsWith('`') || shown.endsWith('`') || shown === '' ? ' ' : '';
  return `${fence}${pad}${shown}${pad}${fence}`;
}

/** Text as a fenced block that it cannot end (CommonMark §4.5). */
export function block(text: string): readonly string[] {
  const shown = visible(text, { lines: true });
  const fence = '`'.repeat(Math.max(3, longestRun(shown) + 1));
  return [`${fence}text`, ...shown.split('\n'), fence];
}

/** A cell of a table. */
export function cell(text: string): string {
  return plain(text.replaceAll('\n', ' ')) || '–';
}

function longestRun(text: string): number {
  return Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length));
}
