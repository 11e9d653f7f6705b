import { deploy } from '../deploying.ts';
import { flag, type JsonObject, maybeText, object, text, texts } from '../json.ts';
import { isAt, setVariable, type VariablePlace } from '../setting.ts';
import type { Call, Resolvers } from '../world.ts';

export const variableMutations: Resolvers = {
  variableUpsert: (call, args) => {
    const input = object(args, 'input');
    const place = placeOf(call, input);
    setVariable(call, place, text(input, 'name'), text(input, 'value'));
    redeploy(call, place, [text(input, 'name')], input);
    return true;
  },

  variableCollectionUpsert: (call, args) => {
    const input = object(args, 'input');
    const place = placeOf(call, input);
    const wanted = object(input, 'variables');
    if (flag(input, 'replace')) {
      call.state.removeAll('variables', (row) => isAt(row, place) && !Object.hasOwn(wanted, text(row, 'name')));
    }
    for (const [name, value] of Object.entries(wanted)) setVariable(call, place, name, value);
    redeploy(call, place, Object.keys(wanted), input);
    return true;
  },

  variableDelete: (call, args) => {
    const input = object(args, 'input');
    const place = placeOf(call, input);
    const row = call.state.find('variables', (found) => isAt(found, place) && found['name'] === text(input, 'name'));
    if (row === undefined) throw new Error('Variable not found');
    call.state.remove('variables', row.id);
    redeploy(call, place, [text(input, 'name')], input);
    return true;
  },

  /** Offers a shared variable to some services and takes it from others. */
  sharedVariableConfigure: (call, args) => {
    const input = object(args, 'input');
    const place = { ...placeOf(call, input), serviceId: null };
    const name = text(input, 'name');
    const shared = call.state.find('variables', (row) => isAt(row, place) && row['name'] === name);
    if (shared === undefined) throw new Error('Variable not found');
    for (const serviceId of texts(input, 'enabledServiceIds')) {
      call.need('services', serviceId);
      setVariable(call, { ...place, serviceId }, name, `\${{shared.${name}}}`);
    }
    for (const serviceId of texts(input, 'disabledServiceIds')) {
      call.state.removeAll('variables', (row) => isAt(row, { ...place, serviceId }) && row['name'] === name);
    }
    return shared;
  },

  /** The double has no Heroku: the app's variables are those that Heroku itself would set. */
  herokuImportVariables: (call, args) => {
    const input = object(args, 'input');
    const place = placeOf(call, input);
    const imported = { HEROKU_APP_ID: text(input, 'herokuAppId'), HEROKU_IMPORTED_AT: call.state.now() };
    for (const [name, value] of Object.entries(imported)) setVariable(call, place, name, value);
    return Object.keys(imported).length;
  },
};

function placeOf(call: Call, input: JsonObject): VariablePlace {
  const project = call.need('projects', text(input, 'projectId'));
  const environment = call.need('environments', text(input, 'environmentId'));
  if (environment['projectId'] !== project.id) throw new Error('Environment not found');
  const serviceId = maybeText(input, 'serviceId');
  if (serviceId !== null) call.need('services', serviceId);
  return { projectId: project.id, environmentId: environment.id, serviceId };
}

/** A service's own variable deploys it again; a shared one, every service that refers to it. */
function redeploy(call: Call, place: VariablePlace, names: readonly string[], input: JsonObject): void {
  if (flag(input, 'skipDeploys')) return;
  const { environmentId } = place;
  const affected = place.serviceId === null ? referringTo(call, environmentId, names) : [place.serviceId];
  for (const serviceId of affected) {
    const instance = call.state.find('serviceInstances', { serviceId, environmentId });
    if (instance !== undefined) deploy(call, instance, { reason: 'variables changed' });
  }
}

function referringTo(call: Call, environmentId: string, names: readonly string[]): readonly string[] {
  const wanted = new Set(names.map((name) => `shared.${name}`));
  const rows = call.state.list('variables', (row) => row['environmentId'] === environmentId);
  const services = rows.flatMap((row) =>
    texts(row, 'references').some((one) => wanted.has(one)) ? [maybeText(row, 'serviceId')] : [],
  );
  return [...new Set(services)].filter((id) => id !== null);
}
