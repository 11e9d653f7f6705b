import {
  answerLimits,
  type GraphqlRequest,
  readStrictJson,
  type SelectedField,
} from '../../languages/graphql/index.ts';
import type { Answer } from '../../contract/upstream.ts';
import { httpAnswer } from '../../model/http-message.ts';

/** What stands where a secret was. */
export const maskText = '••••• (masked by holdpoint)';

/** Scalars that carry variables' values, wherever a field has them. */
const secretTypes: ReadonlySet<string> = new Set([
  'DeploymentMeta',
  'EnvironmentConfig',
  'EnvironmentVariables',
  'NotificationChannelConfig',
  'NotificationPayload',
  'SerializedTemplateConfig',
  'TemplateConfig',
  'TemplateServiceConfig',
]);

/** Fields whose values let somebody in, or may hold what does. */
const secretCoordinates: ReadonlySet<string> = new Set([
  'ApiToken.displayToken',
  'AuditLog.context',
  'AuditLog.payload',
  'BucketS3CompatibleCredentials.accessKeyId',
  'BucketS3CompatibleCredentials.secretAccessKey',
  'CanvasViewMergePreview.mutations',
  'CanvasViewMergePreview.state',
  'ChangeOperationResult.outputs',
  'ChangeSetApplyResult.diagnostics',
  'ChangeSetPreview.changeSet',
  'ChangeSetPreview.diagnostics',
  'ChangeSetPreview.effects',
  'CustomerInvoice.hostedURL',
  'CustomerInvoice.pdfURL',
  'Event.activityPayload',
  'Event.payload',
  'Integration.config',
  'IntegrationAuth.providerId',
  'InviteCode.code',
  'Mutation.apiTokenCreate',
  'Mutation.bucketCredentialsReset',
  'Mutation.generateShellToken',
  'Mutation.loginSessionConsume',
  'Mutation.loginSessionCreate',
  'Mutation.pluginResetCredentials',
  'Mutation.projectTokenCreate',
  'Mutation.recoveryCodeGenerate',
  'Mutation.twoFactorInfoCreate',
  'Mutation.twoFactorInfoSecret',
  'Mutation.workspaceInviteCodeCreate',
  'ProjectToken.displayToken',
  'Query.bucketS3Credentials',
  'Query.integrationAuth',
  'Query.integrationAuths',
  'Query.projectInviteCode',
  'Query.variables',
  'Query.variablesForServiceDeployment',
  'RecoveryCodes.recoveryCodes',
  'ReferralInfo.code',
  'SignalChange.payload',
  'TrustedDomainVerificationData.token',
  'TwoFactorInfoSecret.secret',
  'TwoFactorInfoSecret.uri',
]);

export function isSecret(coordinate: string, type: string): boolean {
  return secretTypes.has(type) || secretCoordinates.has(coordinate);
}

/** Which keys of an answer hold secrets: `true` masks everything below, a map goes on. */
type Mask = true | ReadonlyMap<string, Mask>;

/** Masks the answers of one request. Built once for a document; a request without secrets costs nothing. */
export function maskOf(request: GraphqlRequest): (answer: Answer) => Answer {
  const masks = request.operations.map((operation) => maskOfFields(operation.fields));
  if (masks.every((mask) => mask === undefined)) return (answer) => answer;
  return (answer) => masked(answer, masks, request.batch);
}

/** Fields under one key count together: if any of them is secret, the key is. */
function maskOfFields(fields: readonly SelectedField[]): Mask | undefined {
  const below = new Map<string, Mask>();
  const byKey = Map.groupBy(fields, (field) => field.key);
  for (const [key, group] of byKey) {
    if (group.some((field) => isSecret(field.coordinate, field.type))) {
      below.set(key, true);
      continue;
    }
    const mask = maskOfFields(group.flatMap((field) => field.children));
    if (mask !== undefined) below.set(key, mask);
  }
  return below.size === 0 ? undefined : below;
}

function masked(answer: Answer, masks: readonly (Mask | undefined)[], batch: boolean): Answer {
  const content = httpAnswer(answer);
  const body = maskedBody(new TextDecoder().decode(content.body), masks, batch);
  const headers = withoutFraming(content.headers);
  return { ...answer, content: { ...content, headers, body: new TextEncoder().encode(body) } };
}

const framing: ReadonlySet<string> = new Set(['content-length', 'content-encoding', 'etag', 'content-md5', 'digest']);

/** Headers of an answer whose body is not the one that came: what measures or names that body is left out. */
export function withoutFraming(
  headers: readonly (readonly [string, string])[],
): readonly (readonly [string, string])[] {
  return headers.filter(([name]) => !framing.has(name));
}

/** An answer that cannot be read cannot be masked: nothing of it is passed on. */
function maskedBody(text: string, masks: readonly (Mask | undefined)[], batch: boolean): string {
  let answer: unknown;
  try {
    answer = readStrictJson(text, answerLimits);
  } catch {
    return JSON.stringify({
      data: null,
      errors: [{ message: 'the answer could not be read, so its secrets could not be masked' }],
    });
  }
  if (batch && Array.isArray(answer)) {
    return JSON.stringify(
      answer.map((one: unknown, index) => maskedResult(one, index < masks.length ? masks[index] : true)),
    );
  }
  return JSON.stringify(maskedResult(answer, batch ? true : masks[0]));
}

/** Only `data` and what `errors` say are passed on: extensions may repeat values. */
function maskedResult(result: unknown, mask: Mask | undefined): unknown {
  if (typeof result !== 'object' || result === null || Array.isArray(result)) return maskedValue(result, true);
  const { data, errors } = result as { readonly data?: unknown; readonly errors?: unknown };
  const messages = Array.isArray(errors)
    ? errors.map((error: unknown) => ({ message: messageOf(error), path: pathOf(error) }))
    : undefined;
  return { data: maskedValue(data ?? null, mask), errors: messages };
}

function messageOf(error: unknown): string {
  const message = typeof error === 'object' && error !== null ? (error as { message?: unknown }).message : undefined;
  return typeof message === 'string' ? message : 'an error without a message';
}

function pathOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null ? (error as { path?: unknown }).path : undefined;
}

function maskedValue(value: unknown, mask: Mask | undefined): unknown {
  if (mask === undefined) return value;
  if (Array.isArray(value)) return value.map((item: unknown) => maskedValue(item, mask));
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).map(([key, member]: [string, unknown]) => [
      key,
      maskedValue(member, mask === true ? true : mask.get(key)),
    ]);
    return Object.fromEntries(members) as unknown;
  }
  return mask === true && typeof value === 'string' ? maskText : value;
}
