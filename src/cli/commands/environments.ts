import type { PolicyInForce } from '../../contract/api.ts';
import { misused } from '../complaint.ts';
import { exitCode } from '../exit-code.ts';
import type { Run } from '../invocation.ts';
import { printTable } from '../terminal/table.ts';

export const list: Run = async (invocation) => {
  const { out } = invocation;
  const { bindings } = await invocation.api().get<PolicyInForce>('/v1/policy');
  out.show({ environments: bindings.environments }, () => {
    if (bindings.environments.length === 0)
      return out.line('no environment is configured: write holdpoint.yaml, then `holdpoint apply`');
    return printTable(
      out,
      ['environment', 'production', 'disposable', 'bound to'],
      bindings.environments.map((one) => [
        ['strong', one.name],
        [one.production ? 'danger' : 'plain', one.production ? 'yes' : 'no'],
        one.disposable ? 'yes' : 'no',
        Object.entries(one.bindings)
          .map(([provider, ids]) => `${provider}: ${ids.join(', ')}`)
          .join('; '),
      ]),
    );
  });
  return exitCode.done;
};

export const show: Run = async (invocation) => {
  const { out } = invocation;
  const { bindings } = await invocation.api().get<PolicyInForce>('/v1/policy');
  const name = invocation.needed(0);
  const one = bindings.environments.find((each) => each.name === name);
  if (one === undefined) {
    const known = bindings.environments.map((each) => each.name).join(', ');
    throw misused(
      `there is no environment \`${name}\``,
      `known: ${known === '' ? 'none yet: holdpoint apply' : known}`,
    );
  }
  const upstreams = bindings.upstreams.filter((each) => each.environment === name);
  out.show({ ...one, upstreams }, () => {
    out.line(
      ['strong', one.name],
      one.production ? ': production' : one.disposable ? ': disposable' : ': not production',
    );
    for (const [provider, ids] of Object.entries(one.bindings)) out.line(`  ${provider}: ${ids.join(', ')}`);
    for (const each of upstreams) {
      const lookups = each.lookupsOnly ? ', for look-ups only' : '';
      out.line(`  upstream ${each.name} (${each.provider}, credential reaches ${each.reach}${lookups})`);
    }
  });
  return exitCode.done;
};
