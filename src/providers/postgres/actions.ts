import type { Step, View } from './step.ts';
import type { Part } from '../../languages/sql/index.ts';
import type { Action } from '../../model/action.ts';
import type { PostgresTarget } from '../../model/postgres-message.ts';
import type { Reversibility } from '../../model/reversibility.ts';

/** What is done by form alone: one action a part of the statement, on the database until its names are resolved. */
export function actionsOf({ message, statement }: Step, view: View): readonly Action[] {
  return statement.parts.map((part) => ({
    operation: part.operation,
    reversibility: reversibilityOf(part, view),
    traits: part.traits,
    resources: [databaseOf(message)],
    why: part.sentence,
  }));
}

/** What the gate does itself: opening a transaction, asking. */
export function frameAction(message: PostgresTarget, operation: string, reversibility: Reversibility): Action {
  return { operation, reversibility, traits: [], resources: [databaseOf(message)], why: 'part of the gate’s own work' };
}

export function databaseOf({ entry }: PostgresTarget): Action['resources'][number] {
  return { kind: 'postgres:database', id: entry, environments: [] };
}

function reversibilityOf(part: Part, view: View): Reversibility {
  switch (part.class) {
    case 'read-candidate':
      return view === 'inside' ? 'provisional' : view === 'plan' ? 'reversible' : 'read';
    case 'frame':
      // Inside one, beginning and ending a transaction is the gate's alone, and no statement's.
      return view === 'inside' && part.operation !== 'postgres:savepoint'
        ? 'unknown'
        : view === 'inside'
          ? 'provisional'
          : 'read';
    case 'setting':
      return view === 'inside' ? 'provisional' : 'read';
    case 'provisional':
      return view === 'inside' ? 'provisional' : settledClass(part);
    case 'unrollable':
      return 'irreversible';
    case 'unknown':
      return 'unknown';
  }
}

/**
 * What it is once it is committed, where what is found inside the transaction says no worse. Nothing is a `read` by its
 * form alone: a call can do anything, and only a transaction that wrote nothing changed nothing.
 */
function settledClass(part: Part): Reversibility {
  return (part.inverse === 'remove' || part.inverse === 'nothing') && !part.destroys ? 'reversible' : 'irreversible';
}
