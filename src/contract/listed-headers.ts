/**
 * All that a read may say to a listed host, lower case, sorted: what the gate passes on, and what `upstream` lets out.
 * Credentials and cookies are not among them, nor anything else that could make a read mean more than it says.
 */
export const listedHeaders: readonly string[] = Object.freeze([
  'accept',
  'accept-encoding',
  'accept-language',
  'content-type',
  'git-protocol',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'range',
  'user-agent',
]);
