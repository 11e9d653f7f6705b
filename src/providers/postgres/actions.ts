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
    case 'setting':
      return view === 'inside' ? 'provisional' : 'read';
    case 'frame':
    case 'provisional':
      return view === 'inside' ? 'provisional' : settledClass(part);
    case 'unrollable':
      return 'irreversible';
    case 'unknown':
      return 'unknown';
  }
}

/** What it is once it is committed, as long as nothing of it is captured. */
function settledClass(part: Part): Reversibility {
  if (part.inverse === 'nothing' && !part.destroys) return 'read';
  return part.inverse === 'remove' && !part.destroys ? 'reversible' : 'irreversible';
}
