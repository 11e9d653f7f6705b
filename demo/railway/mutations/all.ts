import type { Resolvers } from '../world.ts';
import { accountMutations } from './account.ts';
import { deploymentMutations } from './deployment.ts';
import { environmentMutations } from './environment.ts';
import { memberMutations } from './member.ts';
import { networkMutations } from './network.ts';
import { patchMutations } from './patch.ts';
import { projectMutations } from './project.ts';
import { resourceMutations } from './resource.ts';
import { serviceMutations } from './service.ts';
import { signalMutations } from './signal.ts';
import { templateMutations } from './template.ts';
import { variableMutations } from './variable.ts';
import { volumeMutations } from './volume.ts';
import { workloadMutations } from './workload.ts';
import { workspaceMutations } from './workspace.ts';

/** Every mutation the double acts on, by name. One that is missing answers `not simulated: <name>`. */
export const mutations: Resolvers = {
  ...accountMutations,
  ...deploymentMutations,
  ...environmentMutations,
  ...memberMutations,
  ...networkMutations,
  ...patchMutations,
  ...projectMutations,
  ...resourceMutations,
  ...serviceMutations,
  ...signalMutations,
  ...templateMutations,
  ...variableMutations,
  ...volumeMutations,
  ...workloadMutations,
  ...workspaceMutations,
};
