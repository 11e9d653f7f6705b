import type { Config } from './config.ts';
import { webhook } from '../channels/webhook/webhook.ts';
import type { Channel } from '../contract/channel.ts';
import { postTo } from '../upstream/post/post.ts';

/** The channels that the configuration names. */
export function channelsOf(config: Config): readonly Channel[] {
  return config.webhooks.map((one) =>
    webhook(one.url, (url, body) => postTo(url, body, { allowPrivate: one.private })),
  );
}
