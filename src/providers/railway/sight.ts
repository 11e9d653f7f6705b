import type { SelectedField } from '../../languages/graphql/index.ts';

/**
 * Types from which one can walk into other environments. Inside one environment, a selection that reaches one of them
 * goes on as inventory.
 */
const above: ReadonlySet<string> = new Set([
  'Bucket',
  'Container',
  'Customer',
  'Group',
  'Plugin',
  'Project',
  'Query',
  'Service',
  'Team',
  'Template',
  'User',
  'Volume',
  'Workspace',
]);

/** Fields of a type that say which things there are and how they are, and nothing of what is in them. */
const inventory: { readonly [type: string]: string } = {
  ApiTokenContext: 'workspaces',
  ApiTokenWorkspace: 'id name',
  Bucket: 'id name projectId createdAt updatedAt groupId',
  CustomDomain: 'id domain environmentId serviceId projectId targetPort createdAt updatedAt deletedAt',
  Deployment:
    'id status createdAt updatedAt statusUpdatedAt environmentId serviceId projectId canRedeploy canRollback deploymentStopped',
  DeploymentTrigger: 'id environmentId serviceId projectId',
  AllDomains: 'customDomains serviceDomains',
  Environment:
    'id name projectId isEphemeral canAccess createdAt updatedAt deletedAt unmergedChangesCount meta serviceInstances volumeInstances sourceEnvironment',
  EnvironmentMeta: 'baseBranch branch prNumber prRepo prTitle prCommentId latestSuccessfulGitHubDeploymentId',
  PageInfo: 'endCursor hasNextPage hasPreviousPage startCursor',
  Project:
    'id name description createdAt updatedAt deletedAt expiredAt baseEnvironmentId baseEnvironment primaryEnvironmentId isPublic isTempProject prDeploys botPrEnvironments focusedPrEnvironments subscriptionType workspaceId teamId workspace environments services volumes buckets',
  Service:
    'id name icon projectId groupId createdAt updatedAt deletedAt templateId templateServiceId templateThreadSlug isRestricted featureFlags project serviceInstances',
  ServiceDomain: 'id domain environmentId serviceId projectId targetPort createdAt updatedAt deletedAt suffix',
  ServiceInstance:
    'id serviceId serviceName environmentId createdAt updatedAt deletedAt region latestDeployment service domains numReplicas isUpdatable nextCronRunAt',
  Template: 'id name code createdAt',
  User: 'id name email username avatar createdAt has2FA isVerified workspaces',
  Volume: 'id name projectId project createdAt volumeInstances',
  VolumeInstance:
    'id volumeId environmentId serviceId mountPath sizeMB currentSizeMB state region createdAt deletedAt isPendingDeletion volume service',
  Workspace: 'id name avatar plan createdAt updatedAt preferredRegion projects',
};

const inventoryCoordinates: ReadonlySet<string> = new Set(
  Object.entries(inventory).flatMap(([type, fields]) => fields.split(' ').map((field) => `${type}.${field}`)),
);

/**
 * Where a selection leaves the environment it began in: the first field that would show something of other environments
 * beyond the inventory. Undefined when it stays inside.
 */
export function leaves(field: SelectedField, from: 'environment' | 'inventory'): string | undefined {
  const here = from === 'inventory' || above.has(field.type) ? 'inventory' : 'environment';
  for (const child of field.children) {
    if (child.name === '__typename') continue;
    if (here === 'inventory' && !inInventory(child.coordinate)) return child.coordinate;
    const into = child.coordinate === 'Environment.sourceEnvironment' ? 'inventory' : here;
    const found = leaves(child, into);
    if (found !== undefined) return found;
  }
  return undefined;
}

function inInventory(coordinate: string): boolean {
  const [type = '', field = ''] = coordinate.split('.');
  if (type.endsWith('Connection')) return field === 'edges' || field === 'pageInfo';
  if (type.endsWith('ConnectionEdge')) return field === 'node' || field === 'cursor';
  return inventoryCoordinates.has(coordinate);
}
