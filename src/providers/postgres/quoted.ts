/** A name as PostgreSQL reads it back exactly, whatever stands in it. */
export function quotedName(...path: readonly string[]): string {
  return path.map((name) => `"${name.replaceAll('"', '""')}"`).join('.');
}
