import { setTimeout as pause } from 'node:timers/promises';
import type { Alarm } from '../../contract/channel.ts';
import type { Api } from '../api/api.ts';
import { Complaint } from '../complaint.ts';
import { exitCode, type ExitCode } from '../exit-code.ts';
import type { Run } from '../invocation.ts';
import { ServerEvents, type ServerEvent } from '../api/server-events.ts';
import type { Output } from '../terminal/output.ts';

/** The daemon beats every five seconds; this long without one means that it is gone. */
const silenceMs = 12_000;
const again = 2_000;

/** Prints alarms as they are raised, and raises one itself when the daemon is no longer heard. */
export const watch: Run = async (invocation) => {
  const { out } = invocation;
  const api = invocation.api();
  const end = new AbortController();
  const limit = invocation.duration('for', 0);
  const timer = limit === 0 ? undefined : setTimeout(() => end.abort(), limit);
  const stop = (): void => end.abort();
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  try {
    return await watching(api, out, end.signal);
  } finally {
    clearTimeout(timer);
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  }
};

async function watching(api: Api, out: Output, end: AbortSignal): Promise<ExitCode> {
  let heard = false;
  let alarmed = false;
  while (!end.aborted) {
    try {
      for await (const event of eventsOf(api, end)) {
        if (!heard || alarmed)
          out.note(['faint', alarmed ? 'the daemon is heard again' : `watching ${api.address}; stop with ctrl-c`]);
        heard = true;
        alarmed = false;
        if (event.kind === 'alarm') ring(out, JSON.parse(event.data) as Alarm);
      }
    } catch (thrown) {
      if (thrown instanceof Complaint && thrown.exit !== exitCode.unavailable) throw thrown;
      if (!heard) throw thrown;
    }
    if (end.aborted) break;
    if (!alarmed) silent(out, api);
    alarmed = true;
    await pause(again, undefined, { signal: end }).catch(() => undefined);
  }
  return alarmed ? exitCode.unavailable : exitCode.done;
}

/** Ends, or throws, when nothing was heard for too long. */
async function* eventsOf(api: Api, end: AbortSignal): AsyncGenerator<ServerEvent> {
  const quiet = new AbortController();
  let timer = setTimeout(() => quiet.abort(), silenceMs);
  const events = new ServerEvents();
  try {
    for await (const chunk of api.stream('/v1/events', AbortSignal.any([end, quiet.signal]))) {
      clearTimeout(timer);
      timer = setTimeout(() => quiet.abort(), silenceMs);
      yield* events.take(chunk);
    }
  } finally {
    clearTimeout(timer);
  }
}

function ring(out: Output, alarm: Alarm): void {
  if (out.json) {
    out.jsonLine(alarm);
    return;
  }
  bell(out);
  const tone = alarm.kind === 'scheduled' ? 'warning' : 'danger';
  out.line(['faint', alarm.at], '  ', [tone, alarm.kind.toUpperCase()], `  ${alarm.text}`);
  if (alarm.kind === 'held' && alarm.hold !== undefined)
    out.line(`  look at it and decide: holdpoint approve ${alarm.hold.code}   or: holdpoint deny ${alarm.hold.code}`);
}

function silent(out: Output, api: Api): void {
  const at = new Date().toISOString();
  if (out.json) {
    out.jsonLine({ at, kind: 'silent', text: 'the daemon is no longer heard' });
    return;
  }
  bell(out);
  out.line(
    ['faint', at],
    '  ',
    ['danger', 'SILENT'],
    `  the daemon at ${api.address} is no longer heard; nothing gets past the gates while it is down`,
  );
  out.line('  see whether somebody stopped it: holdpoint status');
}

function bell(out: Output): void {
  if (out.isTerminal) process.stdout.write('\u0007');
}
