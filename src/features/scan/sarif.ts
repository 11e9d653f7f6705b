import { relative, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Finding } from './finding.ts';
import type { Precondition } from './preconditions.ts';
import { factText, titleOf } from './words.ts';

/** What of a scan goes into a SARIF log. */
export interface SarifInput {
  readonly findings: readonly Finding[];
  readonly preconditions: readonly Precondition[];
  /** Files below it are named from it (`SRCROOT`). */
  readonly root: string | undefined;
  readonly version: string;
}

/** A SARIF 2.1.0 log (OASIS, sarif-schema-2.1.0): one rule a kind, one result a place, no text of any file. */
export function sarifOf({ findings, preconditions, root, version }: SarifInput): object {
  const kinds = [...new Set(findings.map(({ kind }) => kind))].toSorted();
  const failing = preconditions.filter(({ state }) => state !== 'pass');
  const rules = [...kinds.map(ruleOf), ...failing.map(preconditionRule)];
  const run = {
    tool: { driver: { name: 'holdpoint', version, semanticVersion: version, rules } },
    columnKind: 'utf16CodeUnits',
    ...(root === undefined ? {} : { originalUriBaseIds: { SRCROOT: { uri: folderUri(root) } } }),
    results: [
      ...findings.map((finding) => resultOf(finding, kinds.indexOf(finding.kind), root)),
      ...failing.map((one, index) => preconditionResult(one, kinds.length + index)),
    ],
  };
  return {
    $schema: 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json',
    version: '2.1.0',
    runs: [run],
  };
}

function folderUri(root: string): string {
  const uri = pathToFileURL(root).href;
  return uri.endsWith('/') ? uri : `${uri}/`;
}

function ruleOf(kind: Finding['kind']): object {
  const title = titleOf(kind);
  const text = `${/^[AEIO]/i.test(title) ? 'An' : 'A'} ${title} where an agent can read it.`;
  return {
    id: `credential/${kind}`,
    name: `Credential${kind
      .split('-')
      .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
      .join('')}`,
    shortDescription: { text },
    fullDescription: { text },
    help: { text: 'Move it into the vault with `holdpoint scan --move`, then rotate it: it has been readable.' },
    defaultConfiguration: { level: kind === 'generic' ? 'warning' : 'error' },
    properties: { tags: ['security', 'secret'], 'security-severity': severityOf(kind) },
  };
}

/** GitHub reads it as a CVSS score: what destroys data is critical. */
function severityOf(kind: Finding['kind']): string {
  if (kind === 'generic') return '5.0';
  return /^(?:railway|postgres|mysql|mongodb|aws|gcp|azure|supabase|neon|planetscale|digitalocean|fly|render|heroku|kubernetes|terraform|pulumi)$/.test(
    kind,
  )
    ? '9.5'
    : '8.0';
}

function preconditionRule({ name, title, state }: Precondition): object {
  const text = `Precondition of the incident: ${title}.`;
  return {
    id: `precondition/${name}`,
    name: `Precondition${name
      .split('-')
      .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
      .join('')}`,
    shortDescription: { text },
    fullDescription: { text },
    defaultConfiguration: { level: state === 'fail' ? 'error' : 'note' },
    properties: { tags: ['security'], 'security-severity': state === 'fail' ? '8.0' : '1.0' },
  };
}

function resultOf(finding: Finding, ruleIndex: number, root: string | undefined): object {
  const { place, facts } = finding;
  const text = [`${titleOf(finding.kind)}: ${finding.why}`, ...facts.map(factText)].join('; ');
  const inFile = place.kind !== 'environment';
  const logical = place.key === undefined ? {} : { logicalLocations: [{ name: place.key, kind: 'variable' }] };
  const physical = inFile
    ? {
        physicalLocation: {
          artifactLocation: locationOf(place.path, root),
          region: { startLine: place.line, startColumn: place.column },
        },
      }
    : {};
  return {
    ruleId: `credential/${finding.kind}`,
    ruleIndex,
    level: finding.kind === 'generic' ? 'warning' : 'error',
    message: { text: `${text}.` },
    locations: [{ ...physical, ...logical }],
    partialFingerprints: { 'holdpoint/place/v1': finding.id, 'holdpoint/value/v1': finding.fingerprint },
    properties: { id: finding.id, certainty: finding.certainty, masked: finding.masked, place: place.kind },
  };
}

function locationOf(path: string, root: string | undefined): object {
  const inside = root !== undefined && path.startsWith(root.endsWith(sep) ? root : root + sep);
  if (!inside) return { uri: pathToFileURL(path).href };
  const parts = relative(root, path).split(sep).map(encodeURIComponent);
  return { uri: parts.join('/'), uriBaseId: 'SRCROOT' };
}

function preconditionResult(
  { name, title, state, certainty, says, next, findings }: Precondition,
  ruleIndex: number,
): object {
  const text = `${title}: ${says}${next === undefined ? '' : `; ${next}`}.`;
  return {
    ruleId: `precondition/${name}`,
    ruleIndex,
    kind: state === 'fail' ? 'fail' : 'open',
    level: state === 'fail' ? 'error' : 'none',
    message: { text },
    partialFingerprints: { 'holdpoint/precondition/v1': name },
    properties: { certainty, findings },
  };
}
