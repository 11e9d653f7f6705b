import type { Found } from './found.ts';
import type { Judged } from '../judge.ts';
import type { Undoable } from '../undo/image.ts';
import type { Action } from '../../../model/action.ts';

/** One root field with its target found and its undo, if there is a true one. */
export interface Settled {
  readonly judged: Judged;
  readonly action: Action;
  readonly found: Found;
  readonly undoable: Undoable | undefined;
}
