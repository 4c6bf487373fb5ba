// The bytes that the digits of a hexadecimal or bit literal stand for.

/** As MySQL pads them: with zeros on the left to whole bytes. */
export function digitBytes(digits: string, kind: 'hex' | 'bit'): Uint8Array {
  const perByte = kind === 'hex' ? 2 : 8;
  const length = Math.ceil(digits.length / perByte);
  const padded = digits.padStart(length * perByte, '0');
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) {
    const part = padded.slice(i * perByte, (i + 1) * perByte);
    bytes[i] = parseInt(part, kind === 'hex' ? 16 : 2);
  }
  return bytes;
}
