import { randomBytes, sign, type KeyObject } from 'node:crypto';
import { actDigest, type ActKind, type ActStatement, type SignedAct } from '../../model/act.ts';
import {
  approvalDigest,
  type Approval,
  type ApprovalMode,
  type ApprovalStatement,
  type Hold,
} from '../../model/hold.ts';
import type { JsonObject } from '../../model/json.ts';

/** How long a signed verdict may be used, from the daemon's status. Milliseconds. */
export interface Windows {
  readonly delayMs: number;
  readonly windowMs: number;
  readonly signatureMs: number;
}

interface Verdict {
  readonly hold: Hold;
  readonly signer: string;
  readonly verdict: 'approve' | 'deny';
  readonly mode: ApprovalMode;
  readonly typed: string;
  readonly note?: string;
}

/** The statement for a verdict on a hold, as of `now` (milliseconds). */
export function approvalStatement(verdict: Verdict, windows: Windows, now: number): ApprovalStatement {
  const from = verdict.mode === 'delayed' ? now + windows.delayMs : now;
  const until = from + (verdict.mode === 'delayed' ? windows.windowMs : windows.signatureMs);
  return {
    digest: verdict.hold.digest,
    hold: verdict.hold.id,
    verdict: verdict.verdict,
    mode: verdict.mode,
    notBefore: new Date(from).toISOString(),
    notAfter: new Date(until).toISOString(),
    typed: verdict.typed,
    signer: verdict.signer,
    number: oneUse(),
    signedAt: new Date(now).toISOString(),
    ...(verdict.note === undefined ? {} : { note: verdict.note }),
  };
}

export function signApproval(statement: ApprovalStatement, key: KeyObject): Approval {
  const digest = approvalDigest(statement);
  return { statement, signature: signed(digest, key) };
}

export function signAct(
  act: { readonly kind: ActKind; readonly body: JsonObject; readonly signer: string },
  key: KeyObject,
  now: number,
): SignedAct {
  const statement: ActStatement = { ...act, signedAt: new Date(now).toISOString(), number: oneUse() };
  return { statement, signature: signed(actDigest(statement), key) };
}

/** Ed25519 over the digest's 64 hex characters, base64url. */
function signed(digest: string, key: KeyObject): string {
  return sign(null, Buffer.from(digest), key).toString('base64url');
}

/** 128 random bits, base64url. */
function oneUse(): string {
  return randomBytes(16).toString('base64url');
}
