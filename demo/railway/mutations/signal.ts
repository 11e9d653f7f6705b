import { isObject, type Json, type JsonObject, list, object, pick, type Row, text, texts } from '../json.ts';
import { type Call, nextInt, type Resolvers } from '../world.ts';

/** Signals: named values with rules. Each change keeps the state before it, which `signalRollback` puts back. */
export const signalMutations: Resolvers = {
  signalCreate: (call, args) => {
    const input = object(args, 'input');
    owned(call, text(input, 'owner'));
    const match = pick(input, ['owner', 'name']);
    if (call.state.find('signals', match) !== undefined) throw new Error('Signal already exists');
    const fields = { ...match, ...pick(input, ['default', 'type']), writableBy: texts(input, 'writableBy') };
    return call.state.insert('signals', { ...fields, rules: [], version: 1, createdBy: author(call) });
  },
  signalDefaultSet: (call, args) => {
    const input = object(args, 'input');
    return change(call, input, 'default_changed', pick(input, ['default']));
  },
  signalReplace: (call, args) => {
    const input = object(args, 'input');
    return change(call, input, 'replaced', { ...pick(input, ['default', 'type']), rules: [] });
  },
  signalRuleSet: (call, args) => {
    const input = object(args, 'input');
    const others = rulesBut(signalMeant(call, input), text(input, 'ruleId'));
    const rule = { id: text(input, 'ruleId'), ...pick(input, ['expression', 'value']) };
    return change(call, input, 'set', { rules: [...others, rule] });
  },
  signalRuleUnset: (call, args) => {
    const input = object(args, 'input');
    const signal = signalMeant(call, input);
    const rules = rulesBut(signal, text(input, 'ruleId'));
    if (rules.length === list(signal, 'rules').length) throw new Error('Signal rule not found');
    return change(call, input, 'unset', { rules });
  },
  signalRollback: (call, args) => {
    const input = object(args, 'input');
    const signal = signalMeant(call, input);
    const wanted = Number(input['seq']);
    const entry = call.state.find('signalChanges', (row) => row['signalId'] === signal.id && row['seq'] === wanted);
    if (entry === undefined) throw new Error('SignalChange not found');
    return change(call, input, 'rollback', pick(object(entry, 'prevState'), ['default', 'type', 'rules']));
  },
  /** Its history goes too. */
  signalDelete: (call, args) => {
    const signal = signalMeant(call, object(args, 'input'));
    call.state.removeAll('signalChanges', { signalId: signal.id });
    call.state.remove('signals', signal.id);
    return signal;
  },
};

/** An owner is a workspace's or a project's id. */
function owned(call: Call, owner: string): void {
  if (call.state.get('projects', owner) !== undefined) call.need('projects', owner);
  else call.need('workspaces', owner);
}

function signalMeant(call: Call, input: JsonObject): Row {
  owned(call, text(input, 'owner'));
  const row = call.state.find('signals', pick(input, ['owner', 'name']));
  if (row === undefined) throw new Error('Signal not found');
  return row;
}

function change(call: Call, input: JsonObject, kind: string, patch: JsonObject): Row {
  const signal = signalMeant(call, input);
  const { name: _name, owner: _owner, ...payload } = input;
  call.state.insert('signalChanges', {
    signalId: signal.id,
    seq: nextInt(call.state, 'signalChanges', 'seq', 1),
    kind,
    payload,
    prevState: pick(signal, ['default', 'type', 'rules']),
    authorId: author(call),
  });
  return call.state.update('signals', signal.id, { ...patch, version: Number(signal['version']) + 1 });
}

function rulesBut(signal: Row, ruleId: string): readonly Json[] {
  return list(signal, 'rules').filter((rule) => !(isObject(rule) && rule['id'] === ruleId));
}

function author(call: Call): string | null {
  return call.caller === null || call.caller.kind === 'project' ? null : call.caller.userId;
}
