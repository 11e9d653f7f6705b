import { decide } from './decide.ts';
import { keep } from './keep.ts';
import { look } from './look.ts';
import type { Chapter } from './spec.ts';
import { start } from './start.ts';

/** Every command there is. */
export const commandTree: readonly Chapter[] = [start, decide, keep, look];
