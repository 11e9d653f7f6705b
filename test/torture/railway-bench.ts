import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FarSide } from './railway-far-side.ts';
import { GateLine } from './gate-line.ts';
import type { Torment } from './railway-requests.ts';
import { wrongWith } from './railway-verdict.ts';
import { makeAuthority } from '../../src/gates/http/authority/authority.ts';
import { type HttpGate, openHttpGate } from '../../src/gates/http/http-gate.ts';
import type { Provider } from '../../src/contract/provider.ts';
import type { Bearer, Outcome } from '../../src/contract/road.ts';
import type { HttpMessage } from '../../src/model/http-message.ts';
import { Refused, refusalIn } from '../../src/model/refusal.ts';
import { railway } from '../../src/providers/railway/index.ts';
import { mediate } from '../../src/road/mediate.ts';
import { runHold } from '../../src/road/run.ts';
import { JournalFault } from '../../src/road/journal/fault.ts';
import { openRig, type Person, type Rig } from '../contract/rig.ts';

/** What became of one request: `done`, or the code of its refusal; and the hold that it waits on. */
export interface Ended {
  readonly code: string;
  readonly hold?: string;
  /** It never came to a refusal, or to an answer: always a defect. */
  readonly broken?: string;
}

/** One installation of the real road with Railway's provider, in front of the far side in this process. */
export class Bench implements AsyncDisposable {
  readonly #rig: Rig;
  readonly #gate: HttpGate;
  readonly #provider: Provider;
  readonly #agent: Bearer & { readonly presented: string };
  readonly #person: Person;
  readonly #data: string;
  readonly #lines: GateLine[] = [];
  #late = 0;

  private constructor(
    rig: Rig,
    gate: HttpGate,
    provider: Provider,
    agent: Bench['agent'],
    person: Person,
    data: string,
  ) {
    this.#rig = rig;
    this.#gate = gate;
    this.#provider = provider;
    this.#agent = agent;
    this.#person = person;
    this.#data = data;
  }

  get agent(): Bearer & { readonly presented: string } {
    return this.#agent;
  }

  /** In memory where the machine has such a file system: what is tried here is no disk. */
  static async open(far: FarSide, provider: Provider = railway): Promise<Bench> {
    const data = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'holdpoint-torture-'));
    const { ids, tokens } = far.double;
    const entry = { provider: 'railway', secret: tokens.account, reach: 'all', address: 'http://127.0.0.1:9' } as const;
    const bound = (name: 'production' | 'staging', production: boolean) => ({
      name,
      production,
      disposable: false,
      bindings: { railway: [ids.environments[name]] },
    });
    const rig = await openRig({
      data,
      providers: [provider],
      upstreams: [far.upstream],
      environments: [bound('production', true), bound('staging', false)],
      entries: {
        'railway-production': { ...entry, environment: 'production' },
        'railway-staging': { ...entry, environment: 'staging' },
      },
    });
    far.judge = async (reach) => {
      const wrong = await wrongWith(rig.store, reach);
      if (wrong !== undefined) throw new Error(wrong);
    };
    const clock = { now: () => rig.clock.now() };
    const gate = await openHttpGate({
      road: {
        identify: (presented, peer) => rig.identity.identify(presented, peer),
        mediate: (asked) => mediate(rig.road, asked),
        askAbout: (refusal) => Promise.resolve(refusal),
        note: async (draft) => void (await rig.journal.record(draft)),
      },
      providers: [provider],
      host: '127.0.0.1',
      port: 0,
      egress: () => ({ mode: 'listed', hosts: [] }),
      authority: await makeAuthority({ hosts: ['backboard.railway.com'], clock: { now: () => Date.now() } }),
      tunnel: () => Promise.reject(new Error('nothing is tunnelled here')),
      reach: () => Promise.reject(new Error('nothing is reached here')),
      storedFor: () => undefined,
      clock,
    });
    return new Bench(rig, gate, provider, await rig.bearer('cursor'), await rig.person('jane'), data);
  }

  /** Straight down the road. */
  async ask(torment: Torment): Promise<Ended> {
    const message: HttpMessage = {
      protocol: 'http',
      method: torment.method,
      origin: 'https://backboard.railway.com',
      path: torment.path,
      headers: torment.headers,
      body: torment.body,
    };
    try {
      const provider = this.#provider;
      const reading = provider.read(message);
      const asked = { gate: 'http', bearer: this.#agent, provider, message, reading };
      return this.#ended(await mediate(this.#rig.road, asked));
    } catch (thrown) {
      const { code } = refusalIn(thrown);
      return thrown instanceof Refused ? { code } : { code, broken: `the provider threw ${String(thrown)}` };
    }
  }

  /** Through the HTTP gate, as bytes on a socket. */
  async send(torment: Torment): Promise<Ended> {
    const line = this.#lines.pop() ?? new GateLine(this.#gate.port);
    const answer = await line.send(torment, this.#agent.presented);
    if (line.usable) this.#lines.push(line);
    else line.close();
    if (answer.status === 0) return { code: 'closed', broken: 'the gate closed without an answer' };
    const code = /"code":"HOLDPOINT_([A-Z_]+)"/.exec(answer.body)?.[1];
    return this.#checked({ code: code ?? (answer.status === 200 ? 'done' : `status ${answer.status}`) });
  }

  /** A human signs it; the agent asks something like it; and then it runs: by the hold, or because the agent asks the same again. */
  async sign(
    hold: string,
    twin: () => Promise<unknown>,
    again: (() => Promise<Ended>) | undefined,
  ): Promise<Ended | undefined> {
    const { holds } = this.#rig.road;
    const found = await holds.find(hold);
    if (found?.state !== 'waiting') return undefined;
    try {
      await holds.approve(found.id, this.#person.approve(found, { mode: 'now' }));
    } catch (thrown) {
      if (thrown instanceof Refused) return undefined;
      throw thrown;
    }
    await twin();
    return again === undefined ? this.#ended(await runHold(this.#rig.road, found.id, this.#agent.principal)) : again();
  }

  /** Takes back what waits: nobody reads so much. */
  async tidy(): Promise<void> {
    const { holds } = this.#rig.road;
    for (const { id } of await holds.list('waiting')) await holds.withdraw(id, 'torture').catch(() => undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const line of this.#lines) line.close();
    await this.#gate.close();
    await this.#rig.close();
    rmSync(this.#data, { recursive: true, force: true });
  }

  #ended(outcome: Outcome): Ended {
    if (outcome.kind === 'done') return this.#checked({ code: 'done' });
    const { code, hold } = outcome.refusal;
    return this.#checked(hold === undefined ? { code } : { code, hold });
  }

  /**
   * What the road could not explain to itself is a defect, whatever it answered. Only a journal that falls behind on a busy
   * machine may stop reads for a moment, as it promises to: that is counted apart.
   */
  #checked(ended: Ended): Ended {
    const found = this.#rig.diagnoses.splice(0);
    const late = found.filter((one) => one instanceof JournalFault && one.code === 'down');
    this.#late += late.length;
    const [diagnosis] = found.filter((one) => !late.includes(one));
    if (diagnosis !== undefined) {
      const text = diagnosis instanceof Error ? (diagnosis.stack ?? diagnosis.message) : JSON.stringify(diagnosis);
      return { ...ended, broken: text };
    }
    if (ended.code !== 'UNAVAILABLE') return ended;
    if (this.#late === 0) return { ...ended, broken: 'nobody knows why' };
    this.#late -= 1;
    return { ...ended, code: 'UNAVAILABLE (the journal was behind)' };
  }
}
