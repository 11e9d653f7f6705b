import { StoreFailed } from '../../contract/backup.ts';

/** A page of `ListObjectVersions`, delete markers left out: what they hide is listed all the same. */
export interface VersionsPage {
  readonly versions: readonly { readonly key: string; readonly version: string; readonly size: number }[];
  /** Where the next page begins. */
  readonly next: { readonly key: string; readonly version: string } | undefined;
}

/** Reads what was asked for with `encoding-type=url`. Throws `StoreFailed` for what is no such page. */
export function versionsIn(xml: string): VersionsPage {
  if (!/<ListVersionsResult[\s>]/.test(xml) || !xml.trimEnd().endsWith('</ListVersionsResult>'))
    throw new StoreFailed('the object store’s listing cannot be read');
  const versions = [...xml.matchAll(/<Version>(.*?)<\/Version>/gs)].map(([, inner = '']) => ({
    key: decoded(member(inner, 'Key')),
    version: text(member(inner, 'VersionId')),
    size: Number(member(inner, 'Size')),
  }));
  if (versions.some(({ key, version, size }) => key === '' || version === '' || !Number.isSafeInteger(size)))
    throw new StoreFailed('the object store’s listing cannot be read');
  const outside = xml.replaceAll(/<(Version|DeleteMarker)>.*?<\/\1>/gs, '');
  const more = member(outside, 'IsTruncated') === 'true';
  const next = {
    key: decoded(member(outside, 'NextKeyMarker')),
    version: text(member(outside, 'NextVersionIdMarker')),
  };
  if (more && next.key === '') throw new StoreFailed('the object store’s listing ends without an end');
  return { versions, next: more ? next : undefined };
}

function member(xml: string, name: string): string {
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1] ?? '';
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(text(value).replaceAll('+', ' '));
  } catch (error) {
    throw new StoreFailed('the object store’s listing cannot be read', { cause: error });
  }
}

const entities: { readonly [entity: string]: string } = {
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&apos;': "'",
  '&amp;': '&',
};

function text(value: string): string {
  return value.replaceAll(/&(?:lt|gt|quot|apos|amp);/g, (entity) => entities[entity] ?? entity);
}
