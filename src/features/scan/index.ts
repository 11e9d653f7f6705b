/** What the command line uses of this room. */
export { findingId, Fingerprints, Secret, withFacts, type Fact, type Finding, type Found } from './finding.ts';
export { preconditionsOf, type Precondition } from './preconditions.ts';
export { sarifOf } from './sarif.ts';
export { scan, type Coverage, type Part, type Progress, type ScanOptions, type ScanReport } from './scan.ts';
export { byCredential, factText, placeText, sentenceOf, titleOf, type Credential } from './words.ts';
