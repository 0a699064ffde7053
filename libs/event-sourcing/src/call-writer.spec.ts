import { CallWriter } from './call-writer.js';

/** The parameters in a message of ours, as PostgreSQL's documentation of the protocol has them; null stays null. */
function parametersOf(message: Buffer): (Buffer | null)[] {
  expect(message.toString('latin1', 0, 1)).toBe('B');
  const end = 1 + message.readInt32BE(1);
  expect(message.subarray(end).toString('latin1')).toBe('E\0\0\0\x09\0\0\0\0\0S\0\0\0\x04');
  let at = message.indexOf(0, 6) + 1;
  expect(message.toString('utf8', 6, at - 1)).toBe('name');
  expect([message.readInt16BE(at), message.readInt16BE(at + 2)]).toEqual([1, 1]);
  const count = message.readInt16BE(at + 4);
  at += 6;
  const parameters = Array.from({ length: count }, () => {
    const length = message.readInt32BE(at);
    at += 4 + Math.max(length, 0);
    return length < 0 ? null : message.subarray(at - length, at);
  });
  expect([at, message.readInt16BE(at)]).toEqual([end - 2, 0]);
  return parameters;
}

/** The elements of a one-dimensional array. */
function elementsOf(array: Buffer | null | undefined): (Buffer | null)[] {
  if (!array) throw new Error('no array');
  if (array.readInt32BE(0) === 0) return [];
  let at = 20;
  return Array.from({ length: array.readInt32BE(12) }, () => {
    const length = array.readInt32BE(at);
    at += 4 + Math.max(length, 0);
    return length < 0 ? null : array.subarray(at - length, at);
  });
}

const itself = <T>(value: T): T => value;
const textsIn = (array: Buffer | null | undefined) => elementsOf(array).map((e) => e?.toString());

test('texts come out as they went in, short or long, in whatever script', () => {
  const texts = ['', 'a', 'ä€😀', 'x'.repeat(48), 'x'.repeat(49), 'ß'.repeat(300), undefined];
  const writer = new CallWriter().begin('name');
  writer.texts(texts, itself);
  writer.text('né');
  writer.text(undefined);
  const [array, text, nothing] = parametersOf(writer.end());
  expect(textsIn(array)).toEqual(texts);
  expect(text?.toString()).toBe('né');
  expect(nothing).toBeNull();
});

test('numbers, bytes, ids and JSON have the form that the server reads', () => {
  const writer = new CallWriter().begin('name');
  writer.int4s([1, -2], itself);
  writer.int8s([3n], itself);
  writer.byteas([Buffer.from([0, 255]), '\x00\xff', undefined], itself);
  writer.int4s([], itself);
  writer.uuid('00112233-4455-6677-8899-aabbccddeeff');
  writer.jsonb('{"ä":1}');
  writer.int4(undefined);
  const [int4s, int8s, byteas, none, uuid, jsonb, nothing] = parametersOf(writer.end());
  expect(elementsOf(int4s).map((e) => e?.readInt32BE())).toEqual([1, -2]);
  expect(elementsOf(int8s).map((e) => e?.readBigInt64BE())).toEqual([3n]);
  expect(elementsOf(byteas).map((e) => e?.toString('hex'))).toEqual(['00ff', '00ff', undefined]);
  expect(none?.toString('hex')).toBe('000000000000000100000017');
  expect(uuid?.toString('hex')).toBe('00112233445566778899aabbccddeeff');
  expect(jsonb?.toString()).toBe('\x01{"ä":1}');
  expect(nothing).toBeNull();
});

test('a message larger than any before it loses nothing, and the next one has nothing of it', () => {
  const writer = new CallWriter().begin('name');
  const large = ['b'.repeat(40_000), 'c'.repeat(200_000), 'd'];
  writer.texts(large, itself);
  writer.byteas([Buffer.alloc(3_000_000, 1)], itself);
  const [texts, bytes] = parametersOf(writer.end());
  expect(textsIn(texts)).toEqual(large);
  expect(elementsOf(bytes)[0]?.equals(Buffer.alloc(3_000_000, 1))).toBe(true);
  expect(writer.worthKeeping).toBe(false);

  writer.begin('name').texts(['e'], itself);
  const next = parametersOf(writer.end());
  expect(next).toHaveLength(1);
  expect(textsIn(next[0])).toEqual(['e']);
});
