/** What a drill gathers while it looks. Whatever is not said to be bad was looked at and is good, or stands in the notes. */
export class Findings {
  readonly problems: string[] = [];
  readonly notes: string[] = [];
  readonly checked = { indexes: 0, heaps: 0, constraints: 0, assertions: 0 };

  problem(what: string): void {
    if (this.problems.length < mostLines) this.problems.push(shown(what));
  }

  note(what: string): void {
    if (this.notes.length < mostLines) this.notes.push(shown(what));
  }
}

const mostLines = 200;

/** What a restored database says is anybody's text. */
export function shown(text: string): string {
  return text.replaceAll(/[^\x20-\x7e\u{a0}-\u{2fff}]/gu, ' ').slice(0, 400);
}

export function said(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
