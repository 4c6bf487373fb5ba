// What a connection may ask of the master aggregator: nodes of its cluster only.

import { databaseError } from '#shared/error.ts';
import type { MasterCalls, MasterService } from './message.ts';
import { checkMasterCall } from './request-check.ts';
import type { ServeTo } from './served.ts';

/** The master aggregator as its nodes meet it: each request is checked before it arrives. */
export function serveMaster(master: MasterService): ServeTo {
  return (identity) => ({
    async call(name, request, signal) {
      if (identity.kind !== 'node') {
        throw databaseError('ticketRefused', { reason: 'it is good for leaves alone' });
      }
      checkMasterCall<keyof MasterCalls>(name, request);
      return master.call(name as keyof MasterCalls, request, signal);
    },
    async *stream(name) {
      throw databaseError('internal', { reason: `no stream '${name}' at an aggregator` });
    },
  });
}
