import { createHash } from 'node:crypto';
import { mintToken } from '../creating.ts';
import { flag, type Json, type JsonObject, maybeText, object, pick, type Row, text, texts } from '../json.ts';
import { type Call, removal, type Resolvers } from '../world.ts';

export const accountMutations: Resolvers = {
  userDelete: (call) => {
    const user = call.account();
    for (const table of ['apiTokens', 'sessions', 'passkeys', 'providerAuths', 'sshPublicKeys'] as const) {
      call.state.removeAll(table, { userId: user.id });
    }
    call.state.removeAll('workspaceMembers', { userId: user.id });
    call.state.removeAll('projectMembers', { userId: user.id });
    call.state.remove('users', user.id);
    return true;
  },
  userProfileUpdate: (call, args) => edit(call, { profile: { website: null, bio: null, ...object(args, 'input') } }),
  userTermsUpdate: (call) => {
    edit(call, { termsAgreedOn: call.state.now() });
    return call.user();
  },
  fairUseAgree: (call, args) => edit(call, { agreedFairUse: flag(args, 'agree') }),
  userBetaLeave: (call) => edit(call, { flags: texts(call.account(), 'flags').filter((name) => name !== 'BETA') }),
  userDiscordDisconnect: (call) => edit(call, { discordId: null }),
  userFlagsSet: (call, args) => {
    const user = userMeant(call, object(args, 'input'));
    const flags = [...new Set([...texts(user, 'flags'), ...texts(object(args, 'input'), 'flags')])];
    call.state.update('users', user.id, { flags });
    return true;
  },
  userFlagsRemove: (call, args) => {
    const user = userMeant(call, object(args, 'input'));
    const unwanted = texts(object(args, 'input'), 'flags');
    call.state.update('users', user.id, { flags: texts(user, 'flags').filter((name) => !unwanted.includes(name)) });
    return true;
  },
  featureFlagAdd: (call, args) => {
    const name = text(object(args, 'input'), 'flag');
    return edit(call, { featureFlags: [...new Set([...texts(call.account(), 'featureFlags'), name])] });
  },
  featureFlagRemove: (call, args) => {
    const name = text(object(args, 'input'), 'flag');
    return edit(call, { featureFlags: texts(call.account(), 'featureFlags').filter((kept) => kept !== name) });
  },
  preferencesUpdate: (call, args) => {
    const row = call.needWhere('preferences', { userId: call.account().id });
    const { token: _, ...choices } = object(args, 'input');
    return call.state.update('preferences', row.id, choices);
  },

  emailChangeInitiate: (call, args) => {
    const userId = call.account().id;
    call.state.insert('emailChanges', { userId, newEmail: text(args, 'newEmail'), nonce: call.state.mint() });
    return true;
  },
  emailChangeConfirm: (call, args) => {
    const userId = call.account().id;
    const change = call.needWhere('emailChanges', { nonce: text(args, 'nonce'), userId });
    call.state.remove('emailChanges', change.id);
    return edit(call, { email: text(change, 'newEmail') });
  },

  twoFactorInfoSecret: (call) => {
    const secret = call.state.mint().replaceAll('-', '').slice(0, 16).toUpperCase();
    edit(call, { twoFactorSecret: secret });
    return { secret, uri: `otpauth://totp/Railway:${text(call.account(), 'email')}?secret=${secret}` };
  },
  /** The double takes any token as the right one: what it models is the effect, not the arithmetic. */
  twoFactorInfoCreate: (call, args) => {
    edit(call, { has2FA: true, twoFactorToken: text(object(args, 'input'), 'token') });
    return recoveryCodes(call);
  },
  twoFactorInfoDelete: (call) => edit(call, { has2FA: false, twoFactorSecret: null, recoveryCodes: [] }),
  twoFactorInfoValidate: (call, args) => edit(call, { twoFactorValidatedWith: text(object(args, 'input'), 'token') }),
  recoveryCodeGenerate: (call) => recoveryCodes(call),
  recoveryCodeValidate: (call, args) => {
    const code = text(object(args, 'input'), 'code');
    const codes = texts(call.account(), 'recoveryCodes');
    if (!codes.includes(code)) throw new Error('Invalid recovery code');
    return edit(call, { recoveryCodes: codes.filter((kept) => kept !== code) });
  },
  passkeyDelete: removal('passkeys'),
  providerAuthRemove: removal('providerAuths'),
  sessionDelete: removal('sessions'),

  sshPublicKeyCreate: (call, args) => {
    const input = object(args, 'input');
    const workspaceId = maybeText(input, 'workspaceId');
    if (workspaceId !== null) call.need('workspaces', workspaceId);
    const digest = createHash('sha256').update(text(input, 'publicKey')).digest('base64url');
    const userId = call.user().id;
    return call.state.insert('sshPublicKeys', { ...input, workspaceId, userId, fingerprint: `SHA256:${digest}` });
  },
  sshPublicKeyDelete: removal('sshPublicKeys'),
  sshSignupApprove: (call, args) => {
    const row = call.needWhere('sshSignups', { code: text(args, 'code') });
    call.state.update('sshSignups', row.id, { approvedBy: call.account().id });
    return true;
  },

  loginSessionCreate: (call) => {
    const code = call.state.mint().slice(0, 8);
    call.state.insert('loginSessions', { code, userId: null, verified: false, hostname: null });
    return code;
  },
  loginSessionAuth: (call, args) => {
    const input = object(args, 'input');
    const userId = call.account().id;
    return editLogin(call, text(input, 'code'), { userId, ...pick(input, ['hostname']) });
  },
  loginSessionVerify: (call, args) => editLogin(call, text(args, 'code'), { verified: true }),
  loginSessionCancel: (call, args) => {
    call.state.remove('loginSessions', login(call, text(args, 'code')).id);
    return true;
  },
  /** Hands out a token of the person who let the session in. */
  loginSessionConsume: (call, args) => {
    const row = login(call, text(args, 'code'));
    const userId = maybeText(row, 'userId');
    if (userId === null) throw new Error('Login session is not authorised');
    call.state.remove('loginSessions', row.id);
    return mintToken(call, 'apiTokens', { name: 'login session', userId, workspaceId: null, expiresAt: null });
  },

  generateShellToken: (call, args) => {
    const input = object(args, 'input');
    call.need('environments', text(input, 'environmentId'));
    const expiresAt = new Date(Date.parse(call.state.now()) + 300_000).toISOString();
    const token = `shell.${call.state.mint()}`;
    call.state.insert('shellTokens', { ...input, token, expiresAt });
    return token;
  },

  notificationDeliveriesMarkAsRead: (call, args) => {
    const readAt = call.state.now();
    for (const id of texts(args, 'deliveryIds')) {
      call.state.update('notificationDeliveries', call.need('notificationDeliveries', id).id, { readAt });
    }
    return true;
  },

  jobApplicationCreate: (call, args) => {
    call.state.insert('jobApplications', { ...object(args, 'input'), resume: args['resume'] ?? null });
    return true;
  },

  cliEventTrack: (call, args) => track(call, 'cliEventTrack', object(args, 'input')),
  cliAuthEventTrack: (call, args) => track(call, 'cliAuthEventTrack', object(args, 'input')),
  setupAgentEventTrack: (call, args) => track(call, 'setupAgentEventTrack', object(args, 'input')),

  /** Truly sends, but only to this machine: the double reaches for no other. */
  webhookTest: async (call, args) => {
    const url = new URL(text(args, 'url'));
    if (!['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname)) {
      throw new Error('not simulated: webhookTest beyond this machine');
    }
    const payload = text(args, 'payload');
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: payload,
      redirect: 'error',
      signal: AbortSignal.timeout(2000),
    });
    await answer.arrayBuffer();
    call.state.insert('webhookTests', { url: url.href, payload, status: answer.status });
    return answer.status;
  },
};

function userMeant(call: Call, input: JsonObject): Row {
  const own = call.account();
  const other = maybeText(input, 'userId');
  return other === null ? own : call.state.need('users', other);
}

function edit(call: Call, patch: JsonObject): boolean {
  call.state.update('users', call.account().id, patch);
  return true;
}

function recoveryCodes(call: Call): JsonObject {
  const codes: readonly Json[] = Array.from({ length: 8 }, () => call.state.mint().slice(0, 8));
  edit(call, { recoveryCodes: codes });
  return { recoveryCodes: codes };
}

function login(call: Call, code: string): Row {
  const row = call.state.find('loginSessions', { code });
  if (row === undefined) throw new Error('Login session not found');
  return row;
}

function editLogin(call: Call, code: string, patch: JsonObject): boolean {
  call.state.update('loginSessions', login(call, code).id, patch);
  return true;
}

function track(call: Call, event: string, input: JsonObject): boolean {
  call.state.insert('trackedEvents', { event, input });
  return true;
}
