// Answers every query with the same row: what a server of Node's costs before it does anything.
//
//   node constant-server.ts PORT
//
// It speaks as much of the protocol as sysbench's clients ask for, lets everybody in, and is read
// and written as the front door is: into one buffer, an answer a write.

import { createServer, type Socket } from 'node:net';
import { readFixed } from '#shared/fixed-read.ts';
import { PacketWriter } from '#shared/mysql/packet-writer.ts';

/** PROTOCOL_41, SECURE_CONNECTION, PLUGIN_AUTH, CONNECT_WITH_DB and what every client wants. */
const CAPABILITIES = 0x0008_a20f;
const AUTOCOMMIT = 0x0002;
const UTF8MB4 = 45;
const CHAR = 254;
const ROW_TEXT = 'x'.repeat(119);
/** COM_QUIT, COM_QUERY, COM_STMT_PREPARE, COM_STMT_EXECUTE, COM_STMT_CLOSE. */
const [QUIT, QUERY, PREPARE, EXECUTE, CLOSE] = [1, 3, 0x16, 0x17, 0x19];
const HEADER_BYTES = 4;
const READ_BYTES = 64 * 1024;

/** The packets that `write` makes, numbered from `sequence`. */
function packets(sequence: number, ...writes: ((writer: PacketWriter) => void)[]): Buffer {
  const writer = new PacketWriter();
  writer.sequence = sequence;
  for (const write of writes) {
    writer.start();
    write(writer);
    writer.finish();
  }
  return Buffer.from(writer.bytes());
}

const greeting = packets(0, (writer) => {
  writer.uint8(10);
  writer.zeroText('8.0.36-sockets');
  writer.uint32(1);
  writer.zeroText('12345678');
  writer.uint16(CAPABILITIES & 0xffff);
  writer.uint8(UTF8MB4);
  writer.uint16(AUTOCOMMIT);
  writer.uint16(CAPABILITIES >>> 16);
  writer.uint8(21);
  writer.zeros(10);
  writer.zeroText('123456789012');
  writer.zeroText('mysql_native_password');
});

const ok = (writer: PacketWriter): void => {
  writer.zeros(3);
  writer.uint16(AUTOCOMMIT);
  writer.uint16(0);
};
const endOfColumns = (writer: PacketWriter): void => {
  writer.uint8(0xfe);
  writer.uint16(0);
  writer.uint16(AUTOCOMMIT);
};
const count = (writer: PacketWriter): void => writer.uint8(1);
const column = (writer: PacketWriter): void => {
  for (const text of ['def', 'sbtest', 'sbtest1', 'sbtest1', 'c', 'c']) {
    writer.lengthEncodedText(text);
  }
  writer.uint8(12);
  writer.uint16(UTF8MB4);
  writer.uint32(4 * ROW_TEXT.length);
  writer.uint8(CHAR);
  writer.zeros(5);
};
const textRow = (writer: PacketWriter): void => writer.lengthEncodedText(ROW_TEXT);
const binaryRow = (writer: PacketWriter): void => {
  writer.zeros(2);
  writer.lengthEncodedText(ROW_TEXT);
};
/** Statement 1, with a column and a parameter. */
const prepared = (writer: PacketWriter): void => {
  writer.uint8(0);
  writer.uint32(1);
  writer.uint16(1);
  writer.uint16(1);
  writer.zeros(3);
};

const answers = {
  login: packets(2, ok),
  ok: packets(1, ok),
  rows: packets(1, count, column, endOfColumns, textRow, endOfColumns),
  prepared: packets(1, prepared, column, endOfColumns, column, endOfColumns),
  binaryRows: packets(1, count, column, endOfColumns, binaryRow, endOfColumns),
};

/** Null where nothing is answered. */
function answerOf(read: Buffer): Buffer | null {
  switch (read[HEADER_BYTES]) {
    case QUIT:
    case CLOSE:
      return null;
    case QUERY: {
      const first = read.toString('latin1', HEADER_BYTES + 1, HEADER_BYTES + 7);
      return first.toLowerCase() === 'select' ? answers.rows : answers.ok;
    }
    case PREPARE:
      return answers.prepared;
    case EXECUTE:
      return answers.binaryRows;
    default:
      return answers.ok;
  }
}

const readBuffer = Buffer.allocUnsafeSlow(READ_BYTES);
/** Of a command that is not all here, which is a long INSERT; its bytes are not looked at. */
const owed = new WeakMap<Socket, number>();

function take(socket: Socket, bytes: number): void {
  let missing = owed.get(socket) ?? 0;
  if (missing > 0) {
    missing -= bytes;
    owed.set(socket, missing);
    if (missing === 0) socket.write(answers.ok);
    return;
  }
  const length = HEADER_BYTES + readBuffer.readUIntLE(0, 3);
  if (length > bytes) {
    owed.set(socket, length - bytes);
    return;
  }
  const answer = answerOf(readBuffer);
  if (answer !== null) socket.write(answer);
}

const server = createServer({ noDelay: true }, (socket) => {
  socket.on('error', () => socket.destroy());
  socket.write(greeting);
  socket.once('data', () => {
    socket.write(answers.login);
    setImmediate(() => {
      const fixed = readFixed(socket, readBuffer, (bytes) => {
        if (fixed !== null) take(fixed, bytes);
      });
      fixed?.on('error', () => fixed.destroy());
    });
  });
});
server.listen(Number(process.argv[2]), '127.0.0.1', () => {
  console.log('ready');
});
