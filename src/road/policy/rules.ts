import {
  checkParsePolicySet,
  policySetTextToParts,
  policyToJson,
  validate,
  type DetailedError,
  type PolicyJson,
} from '@cedar-policy/cedar-wasm/nodejs';
import { PolicyError, positionAt, type PolicyFinding } from './policy-error.ts';
import type { PolicyFile } from './policy-files.ts';

/** One rule of a policy file. */
export interface Rule {
  /** `traits/credential`: the file, and the rule's `@id`. */
  readonly id: string;
  readonly effect: 'permit' | 'forbid';
  /** Its `@reason`: a clause about the action, shown to people and agents. */
  readonly reason: string;
  /** It looks at signatures or at the typed fact: a permit that does is why a human is asked. */
  readonly asksForSignature: boolean;
  readonly text: string;
  readonly file: PolicyFile;
  /** Where its text begins, in bytes of the file. */
  readonly offset: number;
}

const ruleName = /^[a-z0-9][a-z0-9-]{0,63}$/;

/** The rules of all files, strictly validated. Throws `PolicyError` naming file, line and column of everything wrong. */
export function readRules(files: readonly PolicyFile[], schema: string): readonly Rule[] {
  const findings: PolicyFinding[] = [];
  const rules = files.flatMap((file) => rulesOf(file, findings));
  const seen = new Set<string>();
  for (const rule of rules) {
    if (seen.has(rule.id))
      findings.push(
        finding(rule.file, rule.offset, `rule \`${rule.id}\` is there twice`, 'give each rule of a file its own `@id`'),
      );
    seen.add(rule.id);
  }
  if (findings.length === 0 && rules.length === 0) {
    findings.push({
      file: files[0]?.name ?? 'policy',
      line: 1,
      column: 1,
      message: 'there is no rule',
      hint: 'without a rule everything is denied',
    });
  }
  if (findings.length === 0) findings.push(...validationFindings(rules, schema));
  if (findings.length > 0) throw new PolicyError(findings);
  return rules;
}

function rulesOf(file: PolicyFile, findings: PolicyFinding[]): readonly Rule[] {
  const parsed = checkParsePolicySet({ staticPolicies: file.text });
  const parts = policySetTextToParts(file.text);
  if (parts.type === 'failure' || parsed.type === 'failure') {
    const errors = parts.type === 'failure' ? parts.errors : [];
    const located = parsed.type === 'failure' ? parsed.errors : errors;
    findings.push(...located.map((error) => cedarFinding(file, 0, error)));
    if (located.length === 0)
      findings.push(finding(file, 0, 'the file cannot be read as Cedar', 'see https://docs.cedarpolicy.com'));
    return [];
  }
  const [template] = parts.policy_templates;
  if (template !== undefined) {
    findings.push(
      finding(file, offsetOf(file.text, template, 0), 'a template is no rule', 'write the rule out for each principal'),
    );
    return [];
  }
  const inOrder = parts.policies
    .map((text) => ({ text, offset: offsetOf(file.text, text, 0) }))
    .sort((a, b) => a.offset - b.offset);
  return inOrder.flatMap(({ text, offset }) => ruleOf(file, text, offset, findings) ?? []);
}

function ruleOf(file: PolicyFile, text: string, offset: number, findings: PolicyFinding[]): Rule | undefined {
  const answer = policyToJson(text);
  if (answer.type === 'failure') {
    findings.push(...answer.errors.map((error) => cedarFinding(file, offset, error)));
    return undefined;
  }
  const { annotations, effect } = answer.json;
  const name = annotations?.['id'] ?? '';
  const reason = annotations?.['reason'] ?? '';
  if (!ruleName.test(name)) {
    findings.push(
      finding(
        file,
        offset,
        name === '' ? 'the rule has no `@id`' : `\`${name}\` is no rule id`,
        'write `@id("lower-case-words")` before it',
      ),
    );
    return undefined;
  }
  if (reason.trim() === '') {
    findings.push(
      finding(
        file,
        offset,
        `rule \`${name}\` gives no reason`,
        'write `@reason("what a person should read")` before it',
      ),
    );
    return undefined;
  }
  const id = `${file.name.replace(/\.cedar$/, '')}/${name}`;
  return Object.freeze({ id, effect, reason, asksForSignature: looksAtSignatures(answer.json), text, file, offset });
}

/** In Cedar's own JSON form attribute names stand decoded, so no spelling of them can hide. */
function looksAtSignatures(policy: PolicyJson): boolean {
  const text = JSON.stringify(policy.conditions);
  return text.includes('"signatures"') || text.includes('"typedFact"');
}

/** Warnings are refused as errors are: a rule that can never fire is a hole that looks like a wall. */
function validationFindings(rules: readonly Rule[], schema: string): readonly PolicyFinding[] {
  const staticPolicies = Object.fromEntries(rules.map((rule) => [rule.id, rule.text]));
  const answer = validate({ validationSettings: { mode: 'strict' }, schema, policies: { staticPolicies } });
  if (answer.type === 'failure') return [...answer.errors, ...answer.warnings].map(unplaced);
  const placed = [...answer.validationErrors, ...answer.validationWarnings].map(({ policyId, error }) => {
    const rule = rules.find((one) => one.id === policyId);
    return rule === undefined ? unplaced(error) : cedarFinding(rule.file, rule.offset, error);
  });
  return [...placed, ...answer.otherWarnings.map(unplaced)];
}

function cedarFinding(file: PolicyFile, offset: number, error: DetailedError): PolicyFinding {
  const start = error.sourceLocations?.[0]?.start ?? 0;
  const expected = error.sourceLocations?.[0]?.label;
  const hint = error.help ?? expected ?? 'see policy/schema.cedarschema for what a rule may look at';
  return finding(file, offset + start, plainMessage(error.message), hint);
}

function unplaced(error: DetailedError): PolicyFinding {
  const hint = error.help ?? 'see policy/schema.cedarschema for what a rule may look at';
  return { file: 'policy', line: 1, column: 1, message: plainMessage(error.message), hint };
}

/** Cedar names the rule in front of what it says; the position says it already. */
function plainMessage(message: string): string {
  return message.replace(/^(failed to parse polic(y|ies)[^:]*: |for policy `[^`]*`[:,]? )/, '');
}

function finding(file: PolicyFile, byteOffset: number, message: string, hint: string): PolicyFinding {
  return { file: file.name, ...positionAt(file.text, byteOffset), message, hint };
}

function offsetOf(text: string, part: string, from: number): number {
  const index = text.indexOf(part, from);
  return index < 0 ? 0 : Buffer.byteLength(text.slice(0, index));
}
