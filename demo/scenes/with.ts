export async function withHoldpoint(): Promise<{line:string}> { return {line:'not yet'}; }
