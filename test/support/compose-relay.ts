// A program on a host of a test: what connects to its Unix socket is connected on from there.
//
// The first line that it is sent is `HOST PORT`; everything after that goes through, both ways.

import { connect, createServer, type Socket } from 'node:net';

function relay(client: Socket): void {
  let head = Buffer.alloc(0);
  client.on('error', () => undefined);
  client.on('data', function readHead(chunk: Buffer) {
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf('\n');
    if (end === -1) return;
    client.off('data', readHead);
    client.pause();
    const [host = '', port = ''] = head.subarray(0, end).toString('latin1').split(' ');
    const far = connect({ host, port: Number(port), noDelay: true });
    far.on('error', () => client.destroy());
    far.on('close', () => client.destroy());
    client.on('close', () => far.destroy());
    far.write(head.subarray(end + 1));
    client.pipe(far);
    far.pipe(client);
  });
}

const [path = ''] = process.argv.slice(2);
createServer(relay).listen(path, () => process.stdout.write('ready\n'));
