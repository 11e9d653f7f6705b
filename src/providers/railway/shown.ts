/**
 * Text that somebody else chose (an id from the arguments, a name at the provider) as it may stand in our own sentences:
 * without control, bidi and invisible characters, on one line, bounded.
 */
export function shown(text: string, most = 200): string {
  const plain = text.replaceAll(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ').trim();
  return plain.length <= most ? plain : `${plain.slice(0, most)}…`;
}
