/** Where time comes from, so that tests can step it. Milliseconds since the epoch; never runs back within a process. */
export interface Clock {
  now(): number;
}

/** ISO 8601 in UTC with milliseconds. */
export function isoTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
