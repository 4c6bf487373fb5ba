// What a connection may ask of the master aggregator: nodes of its cluster only, and little.

import { databaseError } from '#shared/error.ts';
import type { MasterCalls, MasterService } from '#shared/wire/message.ts';
import type { ServeTo } from '#shared/wire/served.ts';

/** Bytes of a host name, and of a version. */
const textLengthMax = 512;

type Fields = Readonly<Record<string, unknown>>;

/** The master aggregator as its nodes meet it: each request is checked before it arrives. */
export function serveMaster(master: MasterService): ServeTo {
  return (identity) => ({
    async call(name, request, signal) {
      if (identity.kind !== 'node') {
        throw databaseError('ticketRefused', { reason: 'it is good for leaves alone' });
      }
      if (name === 'register') return master.call(name, registration(request), signal);
      if (name === 'heartbeat') return master.call(name, heartbeat(request), signal);
      throw databaseError('malformedPacket', {});
    },
    async *stream() {
      throw databaseError('malformedPacket', {});
    },
  });
}

function registration(request: unknown): MasterCalls['register']['request'] {
  const { kind, nodeId, address, version } = fieldsOf(request);
  if (kind !== 'leaf') throw databaseError('malformedPacket', {});
  const { host, port } = fieldsOf(address);
  return {
    kind,
    nodeId: natural(nodeId),
    address: { host: text(host), port: natural(port) },
    version: text(version),
  };
}

function heartbeat(request: unknown): MasterCalls['heartbeat']['request'] {
  return { nodeId: natural(fieldsOf(request)['nodeId']) };
}

function fieldsOf(value: unknown): Fields {
  if (typeof value === 'object' && value !== null) return value as Fields;
  throw databaseError('malformedPacket', {});
}

function natural(value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw databaseError('malformedPacket', {});
}

function text(value: unknown): string {
  if (typeof value === 'string' && value.length <= textLengthMax) return value;
  throw databaseError('malformedPacket', {});
}
