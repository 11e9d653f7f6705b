import { createHash } from 'node:crypto';
import { findingId, Secret, type Fact, type Fingerprints, type Found, type Place } from './finding.ts';
import type { Lines, Document } from './read/document.ts';
import type { Candidate } from './rules/candidate.ts';
import { assumedOf } from './rules/facts.ts';
import { shownName } from './rules/mask.ts';

/** Makes a finding of what a rule saw: the value goes into its carrier, and only what may be shown stays outside. */
export function foundFrom(one: Candidate, document: Document, lines: Lines, fingerprints: Fingerprints): Found {
  const secret = new Secret(one.value);
  const place = placeOf(one, document, lines);
  const kind = one.kind;
  const known = one.facts ?? [];
  const facts: readonly Fact[] = [
    ...known,
    ...assumedOf(kind).filter((fact) => !known.some((each) => each.about === fact.about)),
  ];
  const finding = Object.freeze({
    id: findingId(kind, place),
    kind,
    place,
    masked: one.masked,
    fingerprint: fingerprints.of(secret),
    certainty: one.certainty,
    why: one.why,
    facts: Object.freeze(facts.map((fact) => Object.freeze(fact))),
  });
  const exact = document.format !== 'environment' && document.text.slice(one.start, one.end) === one.value;
  if (!exact || document.bytesBefore === undefined) return Object.freeze({ finding, secret });
  const span = Object.freeze({ start: document.bytesBefore(one.start), end: document.bytesBefore(one.end) });
  return Object.freeze({ finding, secret, span });
}

function placeOf(one: Candidate, document: Document, lines: Lines): Place {
  const at = document.format === 'environment' ? { line: 1, column: 1 } : lines.placeOf(one.start);
  const key = one.key === undefined || one.key === '' ? {} : { key: shownName(one.key) };
  return Object.freeze({ kind: document.kind, path: document.path, ...at, ...key });
}

/** SHA-256 of a file, hex. */
export function digestOfFile(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Values long enough to be told from words. */
const shortest = 12;

/**
 * Takes the values out of the names, the paths and the sentences of the findings, should one of them stand there too: a file
 * that is named for its token, a key that is one.
 */
export function scrubbed(found: readonly Found[]): readonly Found[] {
  const values = new Set(found.map(({ secret }) => secret.reveal()).filter((value) => value.length >= shortest));
  const byStart = Map.groupBy(values, (value) => value.slice(0, shortest));
  const clean = (text: string): string => {
    let rest = text;
    for (let at = 0; at + shortest <= rest.length; at++) {
      const value = byStart.get(rest.slice(at, at + shortest))?.find((each) => rest.startsWith(each, at));
      if (value !== undefined) rest = `${rest.slice(0, at)}…${rest.slice(at + value.length)}`;
    }
    return rest;
  };
  return found.map((one) => {
    const { finding } = one;
    const { place } = finding;
    const key = place.key === undefined ? {} : { key: clean(place.key) };
    const cleanPlace = Object.freeze({ ...place, path: clean(place.path), ...key });
    const cleaned = { ...finding, place: cleanPlace, masked: clean(finding.masked), why: clean(finding.why) };
    return Object.freeze({ ...one, finding: Object.freeze(cleaned) });
  });
}
