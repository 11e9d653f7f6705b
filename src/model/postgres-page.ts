import type { Message } from './plan.ts';
import { type PostgresMessage, postgresMessageFrom } from './postgres-message.ts';
import { visible } from './visible.ts';

/** A line of the page, as `page.ts` shows it. */
interface Line {
  readonly text: string;
  readonly tone: 'plain' | 'strong' | 'danger';
}

/** One step of a transaction as a person reads it: every line of its text behind a bar that the text cannot draw, every value whole. Throws `TypeError` for a damaged one. */
export function postgresLines(step: Message): readonly Line[] {
  const message = postgresMessageFrom(step);
  return [
    ...textLines(message.text),
    ...settingLines(message),
    ...message.values.map((value, at) => valueLine(message, value, at)),
    ...copiedLines(message),
  ];
}

function textLines(text: string): readonly Line[] {
  return text.split('\n').map((line) => ({ text: `│ ${visible(line)}`, tone: 'strong' }));
}

function settingLines({ settings = {}, act }: PostgresMessage): readonly Line[] {
  const lines: Line[] = Object.entries(settings).map(([name, value]) => ({
    text: `  with ${visible(name)} = “${visible(value)}”`,
    tone: 'plain',
  }));
  return act === 'alone' ? [...lines, { text: '  (no transaction can hold this)', tone: 'danger' }] : lines;
}

function valueLine({ types, formats }: PostgresMessage, value: Uint8Array | null, at: number): Line {
  const type = types[at] === undefined || types[at] === 0 ? '' : ` (type ${types[at]})`;
  return { text: `  $${at + 1}${type} = ${shown(value, formatOf(formats, at))}`, tone: 'strong' };
}

/** None given means text for all, one means that one for all. */
function formatOf(formats: readonly number[], at: number): number {
  return formats.length === 1 ? (formats[0] ?? 0) : (formats[at] ?? 0);
}

function shown(value: Uint8Array | null, format: number): string {
  if (value === null) return 'NULL';
  if (format !== 0) return `0x${Buffer.from(value).toString('hex')} (${value.length} bytes, binary)`;
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(value);
    return `“${visible(text).replaceAll(/[“”]/g, '"')}”`;
  } catch {
    return `0x${Buffer.from(value).toString('hex')} (${value.length} bytes that are no text)`;
  }
}

function copiedLines({ copied }: PostgresMessage): readonly Line[] {
  return copied === undefined ? [] : [{ text: `  with ${copied.length} bytes of rows`, tone: 'strong' }];
}
