/** One thing wrong with a policy file. Lines and columns count from 1, columns in characters. */
export interface PolicyFinding {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
  readonly hint: string;
}

/** A policy that was refused at load. The policy in force before stays in force. */
export class PolicyError extends Error {
  readonly findings: readonly PolicyFinding[];

  constructor(findings: readonly PolicyFinding[]) {
    super(findings.map(describeFinding).join('\n'));
    this.name = 'PolicyError';
    this.findings = findings;
  }
}

/** `traits.cedar:12:7: what is wrong`, and a hint line. */
function describeFinding(finding: PolicyFinding): string {
  return `${finding.file}:${finding.line}:${finding.column}: ${finding.message}\n  hint: ${finding.hint}`;
}

/** Line and column of a byte offset into the UTF-8 of `text`: Cedar counts bytes. */
export function positionAt(text: string, byteOffset: number): { readonly line: number; readonly column: number } {
  const before = Buffer.from(text, 'utf8').subarray(0, byteOffset).toString('utf8').split('\n');
  return { line: before.length, column: Array.from(before.at(-1) ?? '').length + 1 };
}
