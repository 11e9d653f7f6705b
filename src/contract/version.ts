import { readFileSync } from 'node:fs';

/** Version of the package, from its manifest. */
export function holdpointVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    readonly version: string;
  };
  return manifest.version;
}
