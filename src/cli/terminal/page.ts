import type { Output, Tone } from './output.ts';
import { wrap } from './wrap.ts';
import type { PageLine, PageSection } from '../../model/page.ts';

const tones: { readonly [tone in PageLine['tone']]: Tone } = {
  plain: 'plain',
  strong: 'strong',
  warning: 'warning',
  danger: 'danger',
  quoted: 'quoted',
};

/**
 * The whole page, wrapped and never cut. Titles stand at the margin, everything else is indented, so that no text of an
 * agent can look like a title.
 */
export function printPage(out: Output, sections: readonly PageSection[]): void {
  for (const section of sections) {
    if (section.title !== '') out.line(['faint', section.title]);
    for (const line of section.lines) {
      const mark = line.tone === 'danger' ? '! ' : '  ';
      for (const [index, text] of wrap(line.text, out.columns - 6).entries()) {
        out.line([tones[line.tone], `  ${index === 0 ? mark : '  '}${index === 0 ? '' : '  '}${text}`]);
      }
    }
  }
}
