import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Courier } from './courier.ts';
import { fileWitness, postWitness, type Witness } from './witness.ts';

describe('witnesses', () => {
  it('J1: a file keeps every checkpoint on a line of its own, also after half a line', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'holdpoint-witness-'));
    const path = join(folder, 'kept');
    await writeFile(path, '{"checkpoint":"hal', { mode: 0o600 });
    const witness = fileWitness(path);
    await witness.keep('one\n');
    await witness.keep('two\n');
    const lines = (await readFile(path, 'utf8')).split('\n').filter((line) => line !== '');
    expect(lines).toEqual(['{"checkpoint":"hal', '{"checkpoint":"one\\n"}', '{"checkpoint":"two\\n"}']);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    await rm(folder, { recursive: true });
  });

  it('J1: a URL is posted the note as it is; its name shows no secret', async () => {
    const posted: string[] = [];
    const witness = postWitness('https://me:secret@witness.example/add?key=secret', async (url, body) => {
      posted.push(url, body);
    });
    await witness.keep('note\n');
    expect(posted).toEqual(['https://me:secret@witness.example/add?key=secret', 'note\n']);
    expect(witness.name).toBe('post https://witness.example');
  });
});

describe('the courier', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const place = (keep: (checkpoint: string) => Promise<void>) => {
    const failures: string[] = [];
    const witness: Witness = { name: 'test', keep };
    return { failures, courier: new Courier(witness, (name, reason) => failures.push(`${name}: ${reason}`)) };
  };

  it('brings at most one checkpoint a second, always the newest', async () => {
    const kept: string[] = [];
    const { courier } = place(async (checkpoint) => void kept.push(checkpoint));
    for (const checkpoint of ['1', '2', '3']) courier.bring(checkpoint);
    await vi.advanceTimersByTimeAsync(999);
    expect(kept).toEqual(['1']);
    await vi.advanceTimersByTimeAsync(1);
    expect(kept).toEqual(['1', '3']);
    await vi.advanceTimersByTimeAsync(5000);
    courier.bring('4');
    await vi.advanceTimersByTimeAsync(0);
    expect(kept).toEqual(['1', '3', '4']);
  });

  it('F1: tells of a row of failures once, and tries until it is taken', async () => {
    let works = false;
    const kept: string[] = [];
    const { courier, failures } = place(async (checkpoint) => {
      if (!works) throw new Error('refused');
      kept.push(checkpoint);
    });
    courier.bring('1');
    await vi.advanceTimersByTimeAsync(10_000);
    expect(failures).toEqual(['test: refused']);
    works = true;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(kept).toEqual(['1']);
    works = false;
    courier.bring('2');
    await vi.advanceTimersByTimeAsync(0);
    expect(failures).toHaveLength(2);
  });

  it('F1: a witness that never answers counts as failed', async () => {
    const { courier, failures } = place(() => new Promise(() => undefined));
    courier.bring('1');
    await vi.advanceTimersByTimeAsync(10_000);
    expect(failures).toEqual(['test: no answer in 10 s']);
  });

  it('brings what is left when it is closed', async () => {
    const kept: string[] = [];
    const { courier } = place(async (checkpoint) => void kept.push(checkpoint));
    courier.bring('1');
    await vi.advanceTimersByTimeAsync(0);
    courier.bring('2');
    await courier.close();
    courier.bring('3');
    await vi.advanceTimersByTimeAsync(5000);
    expect(kept).toEqual(['1', '2']);
  });
});
