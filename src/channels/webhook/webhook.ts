import type { Alarm, Channel } from '../../contract/channel.ts';
import type { Hold } from '../../model/hold.ts';
import { visible } from '../../model/visible.ts';

/** Sends a body to a URL and resolves when the far end took it (2xx). Given by the daemon: this room opens no socket. */
export type Post = (url: string, body: Uint8Array) => Promise<void>;

/**
 * Posts each alarm as JSON. Agent text travels in `hold.agentSays` alone, as data. A chat may show any of it as it comes,
 * so hidden characters are written out in every text, names that came from a provider included.
 */
export function webhook(url: string, post: Post): Channel {
  return {
    name: `webhook ${new URL(url).host}`,
    async raise(alarm) {
      await post(url, Buffer.from(JSON.stringify(payload(alarm), shown)));
    },
    async close() {},
  };
}

/** For `JSON.stringify`. */
function shown(_member: string, value: unknown): unknown {
  return typeof value === 'string' ? visible(value) : value;
}

function payload(alarm: Alarm): unknown {
  const { hold, ...rest } = alarm;
  return { holdpoint: 'alarm/v1', ...rest, ...(hold === undefined ? {} : { hold: summary(hold) }) };
}

function summary(hold: Hold): unknown {
  const { id, code, digest, state, tier, reasons, facts, varyingFact, expiresAt, agentSays, request, schedule } = hold;
  const { principal, environments, actions } = request;
  return {
    id,
    code,
    digest,
    state,
    tier,
    principal: principal.name,
    environments,
    actions,
    reasons,
    facts,
    varyingFact,
    expiresAt,
    schedule,
    agentSays,
  };
}
