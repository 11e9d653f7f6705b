import { presets } from '../presets.ts';
import type { Certainty, MadeFor } from '../../../contract/reach.ts';

/** Words in a name → the preset of what a token of that name is for; the first that fits. */
const words: readonly (readonly [RegExp, string])[] = [
  [/domain|dns|cname/i, 'railway:domains'],
  [/read[ _-]?only|monitor|metric|dashboard|viewer/i, 'railway:read'],
  [/variable|env[ _-]?var/i, 'railway:variables'],
  [/deploy|release|(^|[^a-z])ci([^a-z]|$)/i, 'railway:deploy'],
];

/** What a token was made for, by a text about it; undefined where the text says nothing that we know. */
export function purposeIn(text: string, certainty: Certainty = 'assumed'): MadeFor | undefined {
  const preset = words.find(([word]) => word.test(text))?.[1];
  const operations = preset === undefined ? undefined : presets[preset];
  if (preset === undefined || operations === undefined) return undefined;
  const needs = operations.filter((one) => !one.startsWith('railway:query.')).length;
  return { name: text, preset, needs, certainty };
}
