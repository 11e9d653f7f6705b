import { addServiceInstance, connectRepository, newEnvironment, newProject } from './creating.ts';
import { addInstance, addSchedule, takeBackup } from './disks.ts';
import { addCustomDomain, addServiceDomain, addTcpProxy, certificateOf } from './domains.ts';
import { type JsonObject, type Row, text } from './json.ts';
import { seedAccount, seedPeople } from './seed-account.ts';
import { seedWorkshop } from './seed-workshop.ts';
import type { EnvironmentName, Ids, Named, Seeded, SeedOptions, Tokens } from './seeded.ts';
import { setVariable } from './setting.ts';
import { diskOf } from './volumes.ts';
import { Call, type World } from './world.ts';

/**
 * PocketOS, who rent software to car-rental companies: one project with production and staging, a database on a volume that the
 * two share, a rental counter's page, and around them one of everything the schema's mutations can aim at.
 */
export async function seedPocketOs(world: World, options: SeedOptions): Promise<Seeded> {
  const people = seedPeople(world);
  const call = new Call(world, { kind: 'account', userId: people.user.id }, 0);
  const project = newProject(call, people.workspace.id, { name: 'pocketos', description: 'car rental, every counter' });
  const production = await newEnvironment(call, project, { name: 'production' });
  const staging = await newEnvironment(call, project, { name: 'staging' });
  const preview = await newEnvironment(call, project, { name: 'preview', isEphemeral: true });
  call.state.update('projects', project.id, { baseEnvironmentId: production.id, primaryEnvironmentId: production.id });

  const services = {
    postgres: service(call, project, 'postgres'),
    counter: service(call, project, 'counter'),
    ledger: service(call, project, 'ledger'),
    worker: service(call, project, 'worker'),
  };
  const serviceIds = {
    postgres: services.postgres.id,
    counter: services.counter.id,
    ledger: services.ledger.id,
    worker: services.worker.id,
  };
  const volume = call.state.insert('volumes', { projectId: project.id, name: 'pg-data' });
  const named: Record<EnvironmentName, Named> = { production: {}, staging: {} };
  for (const [name, environment] of [
    ['production', production],
    ['staging', staging],
  ] as const) {
    named[name] = await seedEnvironment(call, { name, environment, services, volume, options });
  }
  addServiceInstance(call, services.worker, preview.id, { source: { image: 'pocketos/worker:1', repo: null } });

  const account = seedAccount(call, people, project, serviceIds);
  const instance = (name: EnvironmentName): string => named[name]['volumeInstanceId'] ?? '';
  const backups = call.state
    .list('backups', { volumeInstanceId: instance('production') })
    .toSorted((left, right) => text(left, 'createdAt').localeCompare(text(right, 'createdAt')));
  const ids: Ids = {
    workspace: people.workspace.id,
    project: project.id,
    otherProject: account.ids['otherProjectId'] ?? '',
    services: serviceIds,
    volume: volume.id,
    ownVolume: { production: named.production['ownVolumeId'] ?? '', staging: named.staging['ownVolumeId'] ?? '' },
    volumeInstances: { production: instance('production'), staging: instance('staging') },
    backups: backups.map((row) => row.id),
    environments: { production: production.id, staging: staging.id, preview: preview.id },
    environment: named,
    account: account.ids,
  };
  const projectToken = (name: string, projectId: string, environmentId: string): string => {
    const token = call.state.mint();
    call.state.insert('projectTokens', {
      name,
      projectId,
      environmentId,
      token,
      displayToken: `${token.slice(0, 4)}…`,
    });
    return token;
  };
  const tokens: Tokens = {
    ...people.tokens,
    production: projectToken('ci production', project.id, production.id),
    staging: projectToken('ci staging', project.id, staging.id),
    otherProject: projectToken('ci fleet', ids.otherProject, account.ids['otherEnvironmentId'] ?? ''),
  };
  return { ids, tokens };
}

interface Place {
  readonly name: EnvironmentName;
  readonly environment: Row;
  readonly services: Readonly<Record<'postgres' | 'counter' | 'ledger' | 'worker', Row>>;
  readonly volume: Row;
  readonly options: SeedOptions;
}

async function seedEnvironment(call: Call, place: Place): Promise<Named> {
  const { environment, services } = place;
  const postgres = addServiceInstance(call, services.postgres, environment.id, {
    source: { image: 'ghcr.io/railwayapp-templates/postgres-ssl:18', repo: null },
  });
  const counter = addServiceInstance(call, services.counter, environment.id, {
    source: { image: null, repo: 'pocketos/counter' },
    startCommand: 'node counter.js',
    healthcheckPath: '/health',
    upstreamUrl: 'https://github.com/pocketos/counter-template',
  });
  const ledger = addServiceInstance(call, services.ledger, environment.id, {
    source: { image: 'ghcr.io/railwayapp-templates/postgres-ha:18', repo: null },
  });
  const trigger = connectRepository(
    call,
    counter,
    'pocketos/counter',
    place.name === 'production' ? 'main' : 'staging',
  );
  seedVariables(call, place);
  const disks = await seedDisks(call, place);

  const prefix = place.name === 'production' ? '' : 'staging.';
  const domain = addCustomDomain(call, counter, `${prefix}rent.pocketos.example`, 8080);
  certificateOf(call, domain);
  const serviceDomain = addServiceDomain(call, counter, 8080, `counter-${place.name}.up.railway.app`);
  const proxy = addTcpProxy(call, postgres, 5432);
  const meta = { skippedResourceIds: { services: [services.worker.id] } };
  call.state.update('environments', environment.id, { meta });
  return {
    environmentId: environment.id,
    environmentName: place.name,
    serviceInstanceId: counter.id,
    deploymentTriggerId: trigger.id,
    customDomainId: domain.id,
    serviceDomainId: serviceDomain.id,
    tcpProxyId: proxy.id,
    ...disks,
    ...seedWorkshop(call, { environment, postgres, counter, ledger, worker: services.worker }),
  };
}

function seedVariables(call: Call, place: Place): void {
  const projectId = text(place.environment, 'projectId');
  const at = (serviceId: string | null) => ({ projectId, environmentId: place.environment.id, serviceId });
  const url = place.options.databaseUrl(place.name);
  const own = at(place.services.postgres.id);
  setVariable(call, own, 'DATABASE_URL', url);
  setVariable(call, own, 'POSTGRES_PASSWORD', new URL(url).password);
  setVariable(call, own, 'POSTGRES_DB', 'pocketos');
  const page = at(place.services.counter.id);
  setVariable(call, page, 'DATABASE_URL', `\${{postgres.DATABASE_URL}}`);
  setVariable(call, page, 'STRIPE_SECRET_KEY', { value: `sk_test_${call.state.mint()}`, isSealed: true });
  setVariable(call, page, 'COUNTER_TITLE', `Rental counter (${place.name})`);
  setVariable(call, page, 'FEATURE_PICKUP', 'on');
  setVariable(call, at(null), 'SENTRY_DSN', `https://${call.state.mint().slice(0, 8)}@sentry.example/1`);
  setVariable(call, at(place.services.ledger.id), 'PATRONI_SCOPE', 'ledger');
}

/** `pg-data` with its backups and schedules, and one volume that only this environment has. */
async function seedDisks(call: Call, place: Place): Promise<Named> {
  const environmentId = place.environment.id;
  const mount: JsonObject = {
    serviceId: place.services.postgres.id,
    mountPath: '/var/lib/postgresql/data',
    sizeMB: 50_000,
  };
  const instance = addInstance(call, place.volume, environmentId, mount);
  await call.world.volumes.create(diskOf(instance));
  await place.options.fill(diskOf(instance), place.name);
  const schedule = addSchedule(call, instance, 'DAILY');
  const count = place.name === 'production' ? 7 : 2;
  let backup = instance;
  for (let daysAgo = count; daysAgo >= 1; daysAgo -= 1) {
    const taken = new Date(Date.parse(call.state.now()) - daysAgo * 86_400_000).toISOString();
    const row = await takeBackup(call, instance, `daily ${taken.slice(0, 10)}`, schedule.id);
    const expiresAt = new Date(Date.parse(taken) + 6 * 86_400_000).toISOString();
    backup = call.state.update('backups', row.id, { createdAt: taken, expiresAt });
  }
  const own = call.state.insert('volumes', {
    projectId: text(place.environment, 'projectId'),
    name: `${place.name}-uploads`,
  });
  const ownInstance = addInstance(call, own, environmentId, {
    serviceId: place.services.counter.id,
    mountPath: '/uploads',
  });
  await call.world.volumes.create(diskOf(ownInstance));
  return {
    volumeInstanceId: instance.id,
    volumeInstanceBackupId: backup.id,
    ownVolumeId: own.id,
    ownVolumeInstanceId: ownInstance.id,
  };
}

function service(call: Call, project: Row, name: string): Row {
  return call.state.insert('services', {
    projectId: project.id,
    name,
    icon: null,
    featureFlags: name === 'counter' ? ['ENABLE_DOCKER_EXTENSION'] : [],
    isRestricted: false,
    hasHiddenRegistryCredentialsFromTemplate: false,
    templateId: null,
    deletedAt: null,
  });
}
