import { mutationRows } from '../catalogue.ts';
import type { Row } from '../classes/row.ts';
import type { Reach } from '../../../contract/reach.ts';

/** Kinds of credential that Railway has (its docs, "API tokens"): none of them is narrower than this. */
export type TokenKind = 'account' | 'workspace' | 'project';

/** A person's own: their logins, second factors, flags, mail address. A workspace token stands for no person. */
const personal: ReadonlySet<string> = new Set([
  'emailChangeConfirm',
  'emailChangeInitiate',
  'fairUseAgree',
  'featureFlagAdd',
  'featureFlagRemove',
  'preferencesUpdate',
  'recoveryCodeGenerate',
  'recoveryCodeValidate',
  'sshSignupApprove',
  'twoFactorInfoCreate',
  'twoFactorInfoDelete',
  'twoFactorInfoSecret',
  'twoFactorInfoValidate',
  'userBetaLeave',
  'userDelete',
  'userDiscordDisconnect',
  'userFlagsRemove',
  'userFlagsSet',
  'userProfileUpdate',
  'userTermsUpdate',
]);

/** A person's or a workspace's, by the beginning of the mutation's name: a project token is of neither. */
const aboveProjects =
  /^(?:agentUsage|apiToken|botScope|customer(?!Domain)|emailChange|fairUse|featureFlag|inviteCode|loginSessionAuth|notificationDeliveries|passkey|preferences|projectClaim|projectCreate|projectInvitationAccept|providerAuth|railwayDomain(?:Nameservers|Update)|recoveryCode|referralInfo|session|sshPublicKey|sshSignup|template|trustedDomain|twoFactor|upsertSlack|usageLimit|user|workspace)/;

const callable: { readonly [kind in TokenKind]: (name: string, row: Row) => boolean } = {
  account: () => true,
  workspace: (name) => !personal.has(name),
  project: (name, [, target]) => target !== 'account' || !aboveProjects.test(name),
};

const reasons: { readonly [kind in TokenKind]: string } = {
  account: 'Railway’s account tokens carry no scope: whatever their person may do, they may',
  workspace: 'Railway’s workspace tokens carry no scope: everything but what is a person’s own is counted',
  project: 'Railway does not say what a project token may call: everything below the account is counted',
};

/** Names of the mutations that a token of this kind may call: never fewer than it really may. */
export function callableBy(kind: TokenKind): readonly string[] {
  return Object.entries(mutationRows).flatMap(([name, row]) => (callable[kind](name, row) ? [name] : []));
}

/** What `Reach.power` says of a kind of token. */
export function powerOf(kind: TokenKind): Reach['power'] {
  const names = callableBy(kind);
  return {
    mutations: names.length,
    of: Object.keys(mutationRows).length,
    irreversible: names.filter((name) => mutationRows[name]?.[0] === 'irreversible').length,
    certainty: kind === 'account' ? 'inferred' : 'assumed',
    why: reasons[kind],
  };
}
