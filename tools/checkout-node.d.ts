/** Path of the checkout's own Node; undefined before `npm ci`, and on a platform it has none for. */
export function checkoutNode(root: string): string | undefined;
/** Runs Node with these arguments; resolves to its exit code, 128 + the signal's number if a signal ended it. */
export function runOn(node: string, args: readonly string[]): Promise<number>;
