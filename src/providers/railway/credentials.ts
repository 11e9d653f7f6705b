/** Where Railway's real credentials travel: account, workspace and OAuth tokens as bearers, project tokens in their own header. */
export const credentialHeaders: readonly string[] = ['authorization', 'project-access-token'];

const uuid = '[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}';
const bareUuid = new RegExp(`^(?:(?:bearer|token|basic)\\s+)?["']?${uuid}["']?$`, 'i');
/** OAuth access tokens of the CLI are JSON Web Tokens; refresh tokens and newer kinds carry a prefix. */
const webToken = /^(?:bearer\s+)?eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*$/i;
const prefixed = /^(?:bearer\s+)?(?:railway|rw|rlwy)[_-][\w-]{16,}$/i;

/**
 * Whether a presented value has the shape of a real Railway credential. They are bare UUIDs, as resource ids are: only
 * ask of what stands where a credential stands.
 */
export function looksLikeCredential(text: string): boolean {
  const value = text.trim();
  return bareUuid.test(value) || webToken.test(value) || prefixed.test(value);
}
