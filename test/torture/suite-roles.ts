/** Statements that make the session another role's, where one begins. */
const changes = /(^|;)[ \t]*(?:set|reset)\s+(?:session\s+|local\s+)?(?:role|session\s+authorization)\b[^;]*;/gim;
const connecting = /^\\c(?:onnect)?[ \t]+-[ \t]+\S+[ \t]*$/gm;

export function changesRole(script: string): boolean {
  return script.search(changes) >= 0 || script.search(connecting) >= 0;
}

/** A script of psql's in which the session stays the role that connected. */
export function withOneRole(script: string): string {
  return script.replaceAll(changes, '$1').replaceAll(connecting, '\\c -');
}
