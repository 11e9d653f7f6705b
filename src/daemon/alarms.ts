import type { Alarm, Channel } from '../contract/channel.ts';
import { isoTime, type Clock } from '../contract/clock.ts';
import type { JournalWriter } from '../contract/journal.ts';
import { newId } from '../model/identifier.ts';

const tries = 5;

/** Sends each alarm to every channel and to whoever watches; a channel that fails is tried again and then journaled. */
export interface Alarms {
  raise(alarm: Omit<Alarm, 'id' | 'at'>): void;
  /** Returns what stops listening. */
  listen(listener: (alarm: Alarm) => void): () => void;
  replaceChannels(channels: readonly Channel[]): void;
  close(): Promise<void>;
}

export function openAlarms(parts: {
  clock: Clock;
  journal: () => JournalWriter;
  diagnose: (where: string, cause: unknown) => void;
}): Alarms {
  const listeners = new Set<(alarm: Alarm) => void>();
  let channels: readonly Channel[] = [];
  const underWay = new Set<Promise<void>>();

  const deliver = async (channel: Channel, alarm: Alarm): Promise<void> => {
    for (let attempt = 0; attempt < tries; attempt++) {
      try {
        await channel.raise(alarm);
        return;
      } catch (cause) {
        parts.diagnose(`channel ${channel.name}`, cause);
        await new Promise((resolve) => setTimeout(resolve, 200 * 2 ** attempt).unref());
      }
    }
    await parts
      .journal()
      .record({ kind: 'alarmed', body: { alarm: alarm.id, channel: channel.name, delivered: false } });
  };

  return {
    raise(draft) {
      const alarm: Alarm = { ...draft, id: newId('al', parts.clock.now()), at: isoTime(parts.clock.now()) };
      for (const listener of listeners) listener(alarm);
      for (const channel of channels) {
        const delivery = deliver(channel, alarm)
          .catch((cause: unknown) => parts.diagnose('alarms', cause))
          .finally(() => underWay.delete(delivery));
        underWay.add(delivery);
      }
    },
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    replaceChannels(next) {
      const before = channels;
      channels = next;
      for (const channel of before) channel.close().catch((cause: unknown) => parts.diagnose('alarms', cause));
    },
    async close() {
      await Promise.race([Promise.allSettled(underWay), new Promise((resolve) => setTimeout(resolve, 1_000).unref())]);
      await Promise.allSettled(channels.map((channel) => channel.close()));
    },
  };
}
