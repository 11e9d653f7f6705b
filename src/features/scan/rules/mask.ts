/** What may be shown of a value: a prefix that says nothing but its kind, and how long it is. */
export function masked(value: string, prefix = ''): string {
  return `${prefix}… (${value.length} characters)`;
}

/** A name from a file as it may be shown: a part that could itself be a secret is left out. */
export function shownName(name: string): string {
  return name
    .split('.')
    .map((part) =>
      part.length > 64 || (/\d/.test(part) && /[A-Za-z]/.test(part) && part.length >= 20 && !/_/.test(part))
        ? '…'
        : part,
    )
    .join('.');
}
