import { Complaint } from '../complaint.ts';
import { exitCode, exitOfRefusal } from '../exit-code.ts';

/** The complaint in a problem document (RFC 9457) of the daemon; of anything else, that it cannot be understood. */
export function refusalIn(value: unknown, status: number): Complaint {
  const problem = (typeof value === 'object' && value !== null ? value : {}) as { readonly [name: string]: unknown };
  const { code, detail, hint, hold, reasons } = problem;
  if (typeof code !== 'string' || typeof detail !== 'string') {
    return new Complaint(
      `the daemon answered ${status} without saying why`,
      'look into its diagnostics: `diagnostics.log` in the data directory',
      { exit: exitCode.unavailable },
    );
  }
  const lines = Array.isArray(reasons)
    ? reasons.filter((one) => typeof one === 'string' && one !== '').map((one) => `because: ${String(one)}`)
    : [];
  return new Complaint(detail, typeof hint === 'string' ? hint : 'see `holdpoint status`', {
    exit: exitOfRefusal(code),
    lines,
    facts: { code, ...(typeof hold === 'string' ? { hold } : {}), ...(lines.length === 0 ? {} : { reasons }) },
  });
}
