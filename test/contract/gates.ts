import { describe, expect, it } from 'vitest';

/** What came of one ask, in whatever tongue the gate speaks. */
export interface Said {
  /** `done`, or the code of the refusal without `HOLDPOINT_`. */
  readonly outcome: string;
  readonly text: string;
}

/** One gate with its far side, driven over its real wire. */
export interface GateDriver {
  read(): Promise<Said>;
  reversible(): Promise<Said>;
  irreversible(): Promise<Said>;
  /** Something the provider's catalogue does not know. */
  unknown(): Promise<Said>;
  /** The first bytes of a good request, then the end of the line. */
  truncated(): Promise<Said>;
  /** More than any bound. */
  oversized(): Promise<Said>;
  badToken(): Promise<Said>;
  /** Effects that the far side's own log holds. */
  effects(): number;
  freeze(): Promise<void>;
  /** From here on nothing can be written down. */
  breakJournal(): void;
  /** Everything that an agent or a reader of our records could see. */
  everythingSaid(): Promise<string>;
  readonly secrets: readonly string[];
  close(): Promise<void>;
}

/** The one suite that every gate passes (docs/architecture.md, "The rooms"). */
export function gateContract(name: string, open: () => Promise<GateDriver>): void {
  describe(`gate contract: ${name}`, () => {
    const on = (title: string, work: (gate: GateDriver) => Promise<void>): void => {
      it(title, async () => {
        const gate = await open();
        try {
          await work(gate);
        } finally {
          await gate.close();
        }
      });
    };

    on('passes a read, and nothing changes', async (gate) => {
      expect((await gate.read()).outcome).toBe('done');
      expect(gate.effects()).toBe(0);
    });
    on('passes the reversible, once (U1)', async (gate) => {
      expect((await gate.reversible()).outcome).toBe('done');
      expect(gate.effects()).toBe(1);
    });
    on('holds the irreversible and says what to do (H5)', async (gate) => {
      const before = gate.effects();
      const said = await gate.irreversible();
      expect(said.outcome).toBe('HELD');
      expect(said.text).toContain('Nothing was done');
      expect(said.text).toContain('do not try another way');
      expect(gate.effects()).toBe(before);
    });
    on('refuses the unknown (K2)', async (gate) => {
      expect((await gate.unknown()).outcome).not.toBe('done');
      expect(gate.effects()).toBe(0);
    });
    on('refuses a token that is none (C2)', async (gate) => {
      expect((await gate.badToken()).outcome).not.toBe('done');
      expect(gate.effects()).toBe(0);
    });
    on('refuses everything that writes when the journal is down, and reads too (F1)', async (gate) => {
      gate.breakJournal();
      expect((await gate.reversible()).outcome).toBe('UNAVAILABLE');
      expect((await gate.irreversible()).outcome).toBe('UNAVAILABLE');
      expect((await gate.read()).outcome).toBe('UNAVAILABLE');
      expect(gate.effects()).toBe(0);
    });
    on('sends no write while frozen (H7)', async (gate) => {
      await gate.freeze();
      expect((await gate.reversible()).outcome).toBe('FROZEN');
      expect(gate.effects()).toBe(0);
    });
    on('survives truncated and oversized input, and goes on (F3)', async (gate) => {
      expect((await gate.truncated()).outcome).not.toBe('done');
      expect((await gate.oversized()).outcome).not.toBe('done');
      expect(gate.effects()).toBe(0);
      expect((await gate.read()).outcome).toBe('done');
    });
    on('never shows a credential (C1)', async (gate) => {
      await gate.read();
      await gate.reversible();
      await gate.irreversible();
      const everything = await gate.everythingSaid();
      for (const secret of gate.secrets) expect(everything).not.toContain(secret);
    });
  });
}
