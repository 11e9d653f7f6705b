import type { Hold } from '../../src/model/hold.ts';
import { holdPage, type PageLine } from '../../src/model/page.ts';
import type { Stage, Tone } from '../stage/stage.ts';

const tones: { readonly [tone in PageLine['tone']]: Tone } = {
  plain: 'plain',
  strong: 'strong',
  warning: 'warn',
  danger: 'bad',
  quoted: 'dim',
};

/** The page that a person signs by, whole, as the terminal shows it. */
export function showPage(stage: Stage, hold: Hold): void {
  const edge = (text: string): void => stage.under(`│ ${text}`);
  for (const section of holdPage(hold)) {
    if (section.title !== '') edge(stage.paint('dim', section.title));
    for (const { text, tone } of section.lines) {
      for (const line of wrapped(text, 100)) edge(`  ${stage.paint(tones[tone], line)}`);
    }
  }
}

/** Broken at blanks where there are any; nothing is cut. */
function wrapped(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let rest = text;
  while (rest.length > width) {
    const blank = rest.lastIndexOf(' ', width);
    const cut = blank > width / 2 ? blank : width;
    lines.push(rest.slice(0, cut));
    rest = `  ${rest.slice(cut).trimStart()}`;
  }
  return [...lines, rest];
}
