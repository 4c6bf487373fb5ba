// A service that answers what tests of connections ask: echoes, numbers without end, errors.

import { databaseError } from '#shared/error.ts';
import type { ServedService } from '#shared/wire/served.ts';

/** What the service was made to do, as a test sees it. */
export interface FakeService extends ServedService {
  /** Items that streams have produced. */
  produced: number;
  /** Streams that have ended, one way or the other. */
  ended: number;
  /** Lets the calls of `wait` answer. */
  release(): void;
}

export function fakeService(): FakeService {
  const gate = Promise.withResolvers<void>();
  const service: FakeService = {
    produced: 0,
    ended: 0,
    release: () => gate.resolve(),
    async call(name, request) {
      if (name === 'echo') return request;
      if (name === 'wait') {
        await gate.promise;
        return request;
      }
      if (name === 'refuse') throw databaseError('unknownDatabase', { name: 'shop' });
      throw new TypeError('a bug of the service');
    },
    async *stream(name, request) {
      try {
        const { count, size } = request as { count: number; size: number };
        for (let index = 0; index < count; index++) {
          service.produced++;
          yield { index, bytes: new Uint8Array(size) };
        }
        if (name === 'fail') throw databaseError('lockWaitTimeout', {});
      } finally {
        service.ended++;
      }
    },
  };
  return service;
}
