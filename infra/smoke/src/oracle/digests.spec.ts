import { createHash } from 'node:crypto';
import { blockHashOf, digestOf, GENESIS } from './digests.js';

const row = {
  lane: '3',
  stream: 'payment-pay1',
  version: '2',
  id: 'fct1',
  type: 'CaptureSucceeded',
  schemaVersion: '1',
  source: 'payment-state',
  time: '2026-01-01T00:00:00Z',
  correlationId: undefined,
  causationId: 'evt-ü',
  traceparent: undefined,
  key: 'fct1',
  data: Buffer.from('{"minor":"100"}'),
};

const sha256 = (...parts: (string | Buffer)[]) => {
  const sha = createHash('sha256');
  for (const part of parts) sha.update(part);
  return sha.digest('hex');
};

describe('digests, made from their description', () => {
  it('of a row: every column after its length in bytes, the data last', () => {
    const framed =
      '1:312:payment-pay11:24:fct116:CaptureSucceeded1:113:payment-state20:2026-01-01T00:00:00Z' +
      '-6:evt-ü-4:fct115:{"minor":"100"}';
    expect(digestOf(row)).toBe(sha256(framed));
  });

  it('of a row change with each of its columns, also when something absent becomes empty', () => {
    const changes = [{ version: '3' }, { correlationId: '' }, { data: Buffer.from('{}') }];
    const digests = [row, ...changes.map((change) => ({ ...row, ...change }))].map(digestOf);
    expect(new Set(digests).size).toBe(changes.length + 1);
  });

  it('of a block: the hash before, the first position in eight bytes, the digests of its rows', () => {
    const [one, two] = [sha256('one'), sha256('two')];
    const eight = Buffer.from([0, 0, 0, 0, 0, 0, 1, 2]);
    const expected = sha256(
      Buffer.alloc(32),
      eight,
      Buffer.from(one, 'hex'),
      Buffer.from(two, 'hex'),
    );
    expect(blockHashOf(GENESIS, 258, [one, two])).toBe(expected);
  });
});
