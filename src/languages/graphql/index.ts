export { type GraphqlOperation, type GraphqlReader, graphqlReader, type GraphqlRequest, readGraphql } from './read.ts';
export type { RootField, SelectedField } from './fields.ts';
export { graphqlLimits } from './envelope.ts';
export { wholeDocument } from './whole-document.ts';
export { answerLimits, decodeUtf8, readStrictJson, type StrictJson } from './json.ts';
export type { Rewrite } from './document.ts';
