import { ask } from '../ask.ts';
import type { Looking } from '../../../contract/lookup.ts';
import type { Reading, ResolveContext } from '../../../contract/provider.ts';
import type { PostgresMessage } from '../../../model/postgres-message.ts';

/** Sessions that are remembered at once; of a forgotten one nothing can be captured, and it is held. */
const mostSessions = 5_000;

/**
 * The next multixact there was before a transaction began to write: rows that it locks or changes together with others
 * carry one from then on. Asked before the transaction has an id; an older answer of the same session serves as well, for
 * with it only more rows are looked at.
 */
export class Multixacts {
  readonly #known = new Map<string, string>();

  *before(target: PostgresMessage, reading: Reading, context: ResolveContext): Looking<string | undefined> {
    const writes = reading.plan.steps.length > 1 || target.act === 'begin';
    if (context.undoLine !== true || !writes) return undefined;
    const [row] = yield* ask(target, 'multixact');
    const [pid, next, late, counts] = row ?? [];
    // Without counters nobody could say that the capture is whole.
    if (!pid || !next || counts !== 'on') return undefined;
    const session = `${target.entry} ${pid}`;
    if (late !== 'false') return this.#known.get(session);
    const multixact = BigInt.asUintN(32, BigInt(next)).toString();
    this.#known.delete(session);
    this.#known.set(session, multixact);
    const [oldest] = this.#known.keys();
    if (this.#known.size > mostSessions && oldest !== undefined) this.#known.delete(oldest);
    return multixact;
  }
}
