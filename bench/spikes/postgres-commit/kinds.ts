/** Ways through which the benchmark reaches the server, besides directly. */
export const KINDS = ['pipe', 'relay', 'relay+intent'] as const;
export type Kind = (typeof KINDS)[number];
