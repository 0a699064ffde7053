import { encode, OPERATIONS_COMMANDS, PAYMENTS_INTENTS, partitionOf } from '@paylog/contracts';
import type { ConsumedMessage } from './message.js';
import { decodeBatch, messageOf, misplacedKey, parkedFrom } from './poison.js';

const discard = encode(OPERATIONS_COMMANDS, 'DiscardParked', {
  service: 'intent',
  parkedId: 'prk1',
  operator: 'ada',
  reason: 'test order',
});
const command = (over: Partial<ConsumedMessage> = {}): ConsumedMessage => ({
  topic: OPERATIONS_COMMANDS,
  partition: 3,
  offset: 7n,
  key: 'intent',
  value: discard,
  headers: { ce_id: 'cmd1', ce_type: 'DiscardParked' },
  timestamp: '0',
  ...over,
});
const decode = (...messages: ConsumedMessage[]) =>
  decodeBatch(OPERATIONS_COMMANDS, 'intent.operations', { messages });

describe('decoding a batch', () => {
  it('accepts what the contract says', () => {
    const { accepted, parked } = decode(command());
    expect(accepted).toMatchObject([
      { id: 'cmd1', type: 'DiscardParked', data: { parkedId: 'prk1' } },
    ]);
    expect(parked).toEqual([]);
  });

  it.each([
    ['without an id', { headers: { ce_type: 'DiscardParked' } }, 'ce_id'],
    ['without a type', { headers: { ce_id: 'cmd1' } }, 'ce_type'],
    ['of an unknown type', { headers: { ce_id: 'c', ce_type: 'Nonsense' } }, 'Nonsense'],
    ['that is no JSON', { value: Buffer.from('{') }, 'DiscardParked'],
    ['without a value', { value: null }, 'DiscardParked'],
    [
      'of a version to come',
      { headers: { ce_id: 'c', ce_type: 'DiscardParked', ce_schemaversion: '99' } },
      '99',
    ],
    [
      'with a version that is no number',
      { headers: { ce_id: 'c', ce_type: 'DiscardParked', ce_schemaversion: 'x' } },
      'version',
    ],
  ])('parks a message %s, beside its good neighbours', (_name, over, words) => {
    const { accepted, parked } = decode(command(), command({ ...over, offset: 8n }));
    expect(accepted).toHaveLength(1);
    expect(parked).toMatchObject([{ kind: 'poison', stage: 'decode', offset: 8n, partition: 3 }]);
    expect(parked[0]?.error).toContain(words);
  });
});

describe('the place of a key', () => {
  const key = 'pay2abc';
  const intent = (partition: number, of: string | null = key) =>
    command({ topic: PAYMENTS_INTENTS, key: of, partition });

  it('is right where murmur2 puts it', () => {
    expect(misplacedKey(intent(partitionOf(key)))).toBeUndefined();
  });

  it('is poison elsewhere, and so is a message without a key', () => {
    expect(misplacedKey(intent((partitionOf(key) + 1) % 8))).toContain(key);
    expect(misplacedKey(intent(0, null))).toBe('has no key');
  });

  it('is the writer’s own business on topics that aren’t ours', () => {
    expect(misplacedKey(command({ key: null }))).toBeUndefined();
  });
});

describe('a parked row', () => {
  it('has an id that follows from its place', () => {
    const id = (over: Partial<ConsumedMessage>, group = 'g') =>
      parkedFrom(group, command(over), 'decode', 'e').id;
    expect(id({})).toBe(id({ value: null }));
    expect(new Set([id({}), id({ offset: 8n }), id({ partition: 1 }), id({}, 'h')]).size).toBe(4);
  });

  it('comes back as the message it was, or with the operator’s correction', () => {
    const parked = parkedFrom('intent.operations', command(), 'decode', 'wrong', { attempts: 3 });
    const row = { ...parked, status: 'ready' as const, mended: null, parkedAt: new Date(0) };
    expect(parked.headers['dead-letter-attempts']).toBe('3');
    expect(messageOf(row)).toEqual(command());
    expect(messageOf({ ...row, mended: Buffer.from('{}') }).value?.toString()).toBe('{}');
  });
});
