// Preloaded into a node under test: its connections leave from the address that it is given.

import { Socket } from 'node:net';

const address = process.env['TWINLEAF_TEST_DIAL_FROM'];
const connect = Reflect.get(Socket.prototype, 'connect') as (...args: unknown[]) => Socket;

/** `connect` of net hands on an array, whose first element are the options. */
function optionsOf([first]: readonly unknown[]): object | null {
  const options: unknown = Array.isArray(first) ? first[0] : first;
  return typeof options === 'object' ? options : null;
}

Reflect.set(Socket.prototype, 'connect', function (this: Socket, ...args: unknown[]): Socket {
  const options = optionsOf(args);
  if (options !== null && 'port' in options) Object.assign(options, { localAddress: address });
  return Reflect.apply(connect, this, args);
});
