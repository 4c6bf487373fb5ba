// What two connected nodes say to each other: calls and streams by number, and their answers.

import { decode, encode } from '#shared/codec.ts';
import { errorNameOf, type WireError } from '#shared/error.ts';

/**
 * The dialling end numbers its calls and streams from 1; an id is never used again on the
 * connection. `credit` lets the serving end send that many more items; `cancel` ends a stream.
 */
export type PeerMessage =
  | { readonly kind: 'call'; readonly id: number; readonly name: string; readonly request: unknown }
  | { readonly kind: 'reply'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'error'; readonly id: number; readonly error: WireError }
  | {
      readonly kind: 'stream';
      readonly id: number;
      readonly name: string;
      readonly request: unknown;
      readonly credit: number;
    }
  | { readonly kind: 'item'; readonly id: number; readonly item: unknown }
  | { readonly kind: 'end'; readonly id: number }
  /** All rows of a read, in one message. */
  | {
      readonly kind: 'last';
      readonly id: number;
      readonly count: number;
      readonly packets: Uint8Array;
    }
  /** From here on the number stands for the shape (read-shape.ts). */
  | { readonly kind: 'shape'; readonly number: number; readonly shape: unknown }
  /** A stream of packets: the read of that shape with these values. */
  | {
      readonly kind: 'read';
      readonly id: number;
      readonly number: number;
      readonly ordinal: number;
      readonly parameters: readonly unknown[];
    }
  | { readonly kind: 'credit'; readonly id: number; readonly count: number }
  | { readonly kind: 'cancel'; readonly id: number }
  | { readonly kind: 'ping' }
  | { readonly kind: 'pong' };

/** Thrown on a frame that is no message: the connection ends. */
export class MalformedMessageError extends Error {
  override readonly name = 'MalformedMessageError';
}

/** What a message begins with. */
export const codes = {
  call: 0,
  reply: 1,
  error: 2,
  stream: 3,
  item: 4,
  end: 5,
  credit: 6,
  cancel: 7,
  ping: 8,
  pong: 9,
  last: 10,
  shape: 11,
  read: 12,
} as const;

/** The message as one frame: a MessagePack array that begins with the code and the id. */
export function encodePeerMessage(message: PeerMessage): Uint8Array {
  const code = codes[message.kind];
  switch (message.kind) {
    case 'call':
      return encode([code, message.id, message.name, message.request]);
    case 'reply':
      return encode([code, message.id, message.value]);
    case 'error':
      return encode([code, message.id, message.error]);
    case 'stream':
      return encode([code, message.id, message.name, message.request, message.credit]);
    case 'item':
      return encode([code, message.id, message.item]);
    case 'last':
      return encode([code, message.id, message.count, message.packets]);
    case 'shape':
      return encode([code, message.number, message.shape]);
    case 'read':
      return encode([code, message.id, message.number, message.ordinal, message.parameters]);
    case 'credit':
      return encode([code, message.id, message.count]);
    case 'end':
    case 'cancel':
      return encode([code, message.id]);
    case 'ping':
    case 'pong':
      return encode([code]);
  }
}

function whole(value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new MalformedMessageError('a number that must be a whole one is not');
}

function text(value: unknown): string {
  if (typeof value === 'string') return value;
  throw new MalformedMessageError('a name that is no text');
}

function wireError(value: unknown): WireError {
  if (typeof value === 'object' && value !== null) {
    const { entry, errno, sqlState, message, retry } = value as Record<string, unknown>;
    if (
      typeof errno === 'number' &&
      typeof sqlState === 'string' &&
      typeof message === 'string' &&
      typeof retry === 'boolean'
    ) {
      return { entry: errorNameOf(entry), errno, sqlState, message, retry };
    }
  }
  throw new MalformedMessageError('an error that is none');
}

/** The message in a frame. Throws MalformedMessageError, whatever the bytes are. */
export function decodePeerMessage(frame: Uint8Array): PeerMessage {
  let value: unknown;
  try {
    value = decode(frame);
  } catch {
    throw new MalformedMessageError('a frame that is no MessagePack');
  }
  if (!Array.isArray(value)) throw new MalformedMessageError('a frame that is no array');
  const [code, id, third, fourth, fifth] = value as unknown[];
  switch (code) {
    case codes.call:
      return { kind: 'call', id: whole(id), name: text(third), request: fourth };
    case codes.reply:
      return { kind: 'reply', id: whole(id), value: third };
    case codes.error:
      return { kind: 'error', id: whole(id), error: wireError(third) };
    case codes.stream: {
      const credit = whole(fifth);
      return { kind: 'stream', id: whole(id), name: text(third), request: fourth, credit };
    }
    case codes.item:
      return { kind: 'item', id: whole(id), item: third };
    case codes.last: {
      if (!(fourth instanceof Uint8Array)) throw new MalformedMessageError('packets that are none');
      return { kind: 'last', id: whole(id), count: whole(third), packets: fourth };
    }
    case codes.shape:
      return { kind: 'shape', number: whole(id), shape: third };
    case codes.read: {
      if (!Array.isArray(fifth)) throw new MalformedMessageError('values that are no list');
      const number = whole(third);
      const ordinal = fourth === -1 ? -1 : whole(fourth);
      return { kind: 'read', id: whole(id), number, ordinal, parameters: fifth };
    }
    case codes.end:
      return { kind: 'end', id: whole(id) };
    case codes.credit:
      return { kind: 'credit', id: whole(id), count: whole(third) };
    case codes.cancel:
      return { kind: 'cancel', id: whole(id) };
    case codes.ping:
      return { kind: 'ping' };
    case codes.pong:
      return { kind: 'pong' };
    default:
      throw new MalformedMessageError('a message of an unknown kind');
  }
}
