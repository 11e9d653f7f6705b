import type { Hold } from '../../src/model/hold.ts';
import type { Guarded } from './guarded.ts';

/** The holds that nobody has answered yet. */
export async function waiting({ human }: Guarded): Promise<readonly Pick<Hold, 'id' | 'code'>[]> {
  const { body } = await human.get('/v1/holds?state=waiting');
  return (body as unknown as { holds: readonly Pick<Hold, 'id' | 'code'>[] }).holds;
}
