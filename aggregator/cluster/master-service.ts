// What nodes ask of the master aggregator: to be taken in, and to be known to live.

import { databaseError } from '#shared/error.ts';
import type { MasterCalls, MasterService } from '#shared/wire/message.ts';
import type { Membership } from './membership.ts';

/** The master aggregator's answers, for a leaf of this process or from the network. */
export function createMasterService(membership: Membership, clusterId: string): MasterService {
  async function register(request: MasterCalls['register']['request']) {
    return { nodeId: await membership.register(request), clusterId };
  }
  return {
    call: (async (name: keyof MasterCalls, request: never) => {
      switch (name) {
        case 'register':
          return register(request);
        case 'heartbeat':
          membership.heartbeat((request as MasterCalls['heartbeat']['request']).nodeId);
          return {};
      }
    }) as MasterService['call'],
    async *stream() {
      throw databaseError('internal', { reason: 'an aggregator serves no streams' });
    },
  };
}
