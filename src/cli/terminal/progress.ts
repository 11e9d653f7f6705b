import type { Output } from './output.ts';

/** How far long work is, on one line of a terminal; silent where there is none. */
export interface ProgressLine {
  /** `done` and `of` in bytes; `of` 0: nobody knows. */
  tell(stage: string, done: number, of: number): void;
  end(): void;
}

const mebibyte = 1024 * 1024;

export function progressLine(out: Output, now: () => number = Date.now): ProgressLine {
  let stage = '';
  let began = 0;
  let told = 0;
  return {
    tell(next, done, of) {
      if (!out.isTerminal || out.json) return;
      const at = now();
      if (next !== stage) [stage, began, told] = [next, at, 0];
      if (at - told < 200) return;
      told = at;
      process.stderr.write(`\r\u001b[K${progressText(stage, done, of, at - began)}`);
    },
    end() {
      if (stage !== '' && out.isTerminal && !out.json) process.stderr.write('\r\u001b[K');
    },
  };
}

/** `files  [########......]  53 %  120 MB/s  8 s left`. */
export function progressText(stage: string, done: number, of: number, elapsedMs: number): string {
  const rate = elapsedMs > 0 ? (done / elapsedMs) * 1000 : 0;
  const speed = `${(rate / mebibyte).toFixed(0)} MB/s`;
  if (of <= 0) return `${stage}  ${(done / mebibyte).toFixed(0)} MB  ${speed}`;
  const share = Math.min(1, done / of);
  const bar = '#'.repeat(Math.round(share * 20)).padEnd(20, '.');
  const left = rate > 0 ? `  ${Math.ceil((of - done) / rate)} s left` : '';
  return `${stage}  [${bar}]  ${Math.floor(share * 100)} %  ${speed}${left}`;
}
