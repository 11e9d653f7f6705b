import type { Provider } from '../contract/provider.ts';
import { railway } from '../providers/railway/index.ts';

/** Every provider there is. A new one is its folder and its name here. */
export const providers: readonly Provider[] = Object.freeze([railway]);

/** Hosts that are judged, never tunnelled. */
export const claimed: readonly string[] = providers.flatMap((one) => one.hosts);
