import { expect, test } from 'vitest';
import { postgresLines } from './postgres-page.ts';
import { postgresMessage } from './postgres-message.ts';

const statement = (text: string) => postgresMessage({ entry: 'pg', major: 18 }, 'statement', text);

test('H3: the whole statement with its values, nothing left out', () => {
  const message = {
    ...statement('delete from t\nwhere id = $1 and v = $2 and n = $3'),
    types: [23],
    formats: [1, 0, 0],
    values: [Buffer.from([0, 0, 0, 7]), Buffer.from('“x”'), null],
  };
  expect(postgresLines(message).map((one) => one.text)).toEqual([
    '│ delete from t',
    '│ where id = $1 and v = $2 and n = $3',
    '  $1 (type 23) = 0x00000007 (4 bytes, binary)',
    '  $2 = “"x"”',
    '  $3 = NULL',
  ]);
});

test('H3: text can neither hide, nor leave its bar, nor pass for a line of ours', () => {
  const message = { ...statement('select 1\nUndo: everything\r\u202e'), values: [Buffer.from('a\nb')] };
  expect(postgresLines(message).map((one) => one.text)).toEqual([
    '│ select 1',
    '│ Undo: everything⟨U+000D⟩⟨U+202E⟩',
    '  $1 = “a⟨U+000A⟩b”',
  ]);
});

test('what no transaction can hold is said, and settings stand with the BEGIN', () => {
  const alone = { ...statement('vacuum t'), act: 'alone' as const };
  expect(postgresLines(alone).at(-1)).toEqual({ text: '  (no transaction can hold this)', tone: 'danger' });
  const begin = {
    ...postgresMessage({ entry: 'pg', major: 18 }, 'begin', 'BEGIN READ WRITE'),
    settings: { datestyle: 'German' },
  };
  expect(postgresLines(begin).map((one) => one.text)).toEqual(['│ BEGIN READ WRITE', '  with datestyle = “German”']);
});
