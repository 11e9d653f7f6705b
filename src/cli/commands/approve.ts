import { holdPath } from './holds.ts';
import type { BriefHold, Status } from '../../contract/api.ts';
import { Complaint, misused } from '../complaint.ts';
import { exitCode } from '../exit-code.ts';
import type { Invocation, Run } from '../invocation.ts';
import { provedToSign } from '../signing/held.ts';
import { findSigner } from '../signing/signer.ts';
import { approvalStatement, signApproval } from '../signing/statement.ts';
import { lastRestore } from './last-restore.ts';
import { printPage } from '../terminal/page.ts';
import { askTerminal } from '../terminal/prompt.ts';
import type { Output } from '../terminal/output.ts';
import type { ApprovalMode, Hold } from '../../model/hold.ts';
import { holdPage } from '../../model/page.ts';
import { visible } from '../../model/visible.ts';

/** The whole page, then the varying fact, then the passphrase, then the signature over exactly that digest. */
export const approve: Run = async (invocation) => {
  const { out } = invocation;
  const api = invocation.api();
  const hold = provedToSign(await api.get<Hold | BriefHold>(holdPath(invocation.needed(0))));
  refuseUnlessWaiting(hold);
  if (hold.kind === 'question')
    throw new Complaint(
      `${hold.code} is a question: nothing runs from it, and there is nothing to sign`,
      `read it with: holdpoint hold show ${hold.code}; give the agent what it lacks, or: holdpoint deny ${hold.code}`,
      { exit: exitCode.denied },
    );
  const mode = modeOf(invocation, hold);
  const [status, signer] = await Promise.all([api.get<Status>('/v1/status'), findSigner(invocation, api)]);

  printPage(out, [...holdPage(hold), ...(await lastRestore(api, hold))]);
  if (status.tier === 'T0' || hold.tier === 'T0')
    out.line(['warning', 'tier T0: this approval is journaled as not proof of a human']);
  out.line(
    `signing as ${signer.name}: ${mode === 'now' ? 'runs once, within 15 minutes' : `runs by itself after ${spell(status.delayMs)}, can be cancelled until then`}`,
  );

  const typed = hold.friction.typedFact ? await typedFact(invocation, hold) : '';
  const key = await signer.unlock();
  const statement = approvalStatement({ hold, signer: signer.id, verdict: 'approve', mode, typed }, status, Date.now());
  const signed = await api.post<Hold>(holdPath(hold.id, 'approve'), signApproval(statement, key));
  out.show(signed, () => printVerdict(out, signed));
  return exitCode.done;
};

/** A no. It narrows, so it needs no signature; `--sign` gives one all the same. */
export const deny: Run = async (invocation) => {
  const { out } = invocation;
  const api = invocation.api();
  const note = invocation.text('note') ?? '';
  if (Array.from(note).length > 280) throw misused('the note is longer than 280 characters', 'say it shorter');
  const denied = invocation.flag('sign')
    ? await signedDenial(invocation, note)
    : await api.post<Hold>(holdPath(invocation.needed(0), 'deny'), { note });
  out.show(denied, () => {
    // A question about a token nobody knows: nothing was asked for that could be locked.
    if (denied.request.actions.length === 0) return out.line(['good', 'denied'], ` ${denied.code}`);
    out.line(
      ['good', 'denied'],
      ` ${denied.code}: the goal is locked for ${denied.request.principal.name} at every door`,
    );
    return out.line('  lift the lock with: holdpoint hold unlock ', denied.code);
  });
  return exitCode.done;
};

async function signedDenial(invocation: Invocation, note: string): Promise<Hold> {
  const api = invocation.api();
  const hold = provedToSign(await api.get<Hold | BriefHold>(holdPath(invocation.needed(0))));
  refuseUnlessWaiting(hold);
  const status = await api.get<Status>('/v1/status');
  const signer = await findSigner(invocation, api);
  const key = await signer.unlock();
  const verdict = { hold, signer: signer.id, verdict: 'deny', mode: 'now', typed: '', note } as const;
  const denial = signApproval(approvalStatement(verdict, status, Date.now()), key);
  return api.post<Hold>(holdPath(hold.id, 'deny'), denial);
}

function refuseUnlessWaiting(hold: Hold): void {
  if (hold.state === 'waiting') return;
  throw new Complaint(
    `hold ${hold.code} is ${hold.state}, and only a waiting one can be signed`,
    'see: holdpoint hold list --all',
    { exit: exitCode.denied },
  );
}

function modeOf(invocation: Invocation, hold: Hold): ApprovalMode {
  const given = invocation.text('mode') ?? hold.defaultMode;
  // The daemon refuses it too, but only after the passphrase.
  if (given === 'now' && hold.defaultMode === 'delayed' && hold.friction.typedFact)
    throw new Complaint(
      'this act is delayed after the signature; policy does not allow it at once',
      'leave out --mode',
      {
        exit: exitCode.denied,
      },
    );
  if (given === 'now' || given === 'delayed') return given;
  throw misused(`\`${given}\` is no mode`, 'give --mode now or --mode delayed');
}

/** What the signer typed, if it is the fact on the page: never a constant word, and never read from a pipe. */
async function typedFact(invocation: Invocation, hold: Hold): Promise<string> {
  const shown = visible(hold.varyingFact);
  const typed =
    invocation.text('typed') ??
    (await askTerminal(`type ${shown} to go on:`, { hidden: false, instead: '--typed <what the page asks for>' }));
  // A name with hidden characters can only be typed as it is shown.
  if (typed === hold.varyingFact || typed === shown) return hold.varyingFact;
  throw new Complaint(`\`${typed}\` is not what the page asks for`, 'read the page again; nothing was signed');
}

function printVerdict(out: Output, hold: Hold): void {
  switch (hold.state) {
    case 'approved':
      out.line(
        ['good', 'approved'],
        ` ${hold.code}: it runs when the agent asks again, or with: holdpoint run ${hold.code}`,
      );
      break;
    case 'scheduled':
      out.line(['good', 'scheduled'], ` ${hold.code}: runs not before ${hold.schedule?.notBefore ?? ''}`);
      out.line(`  stop it until then: holdpoint cancel ${hold.code}`);
      break;
    case 'waiting':
      out.line(['warning', 'signed'], ` ${hold.code}: a second person has to sign too`);
      break;
    default:
      out.line(`${hold.code} is ${hold.state}`);
  }
}

function spell(milliseconds: number): string {
  const hours = milliseconds / 3_600_000;
  return hours >= 1 ? `${Math.round(hours * 10) / 10} h` : `${Math.round(milliseconds / 1_000)} s`;
}
