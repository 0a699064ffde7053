import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { KINDS } from '@paylog/payment-domain';
import { decodeMessage, encode } from './codec.js';
import { messageNames, type TopicName } from './messages.js';
import { PAYMENTS_EVENTS } from './topic-names.js';
import { TOPICS } from './topics.js';
import { currentVersion } from './versions.js';

const folder = join(__dirname, '../examples');

/** Every stored example, of any version: they are kept for ever and must decode for ever. */
const examples = readdirSync(folder).flatMap((topic) =>
  readdirSync(join(folder, topic)).map((file) => {
    const [, type = '', version = ''] = /^(\w+)\.v(\d+)\.json$/.exec(file) ?? [];
    const value = readFileSync(join(folder, topic, file));
    return { topic: topic as TopicName, type, version: Number(version), value };
  }),
);

describe('stored examples', () => {
  it.each(examples)('$topic $type.v$version decodes', ({ topic, type, version, value }) => {
    const decoded: Loose = decodeMessage(topic, type, value, version);
    expect(decoded).toMatchObject({ ok: true, type });
    const bytes = encode(topic, type as never, decoded.data as never);
    expect(decodeMessage(topic, type, bytes)).toEqual(decoded);
    if (version === currentVersion(topic, type)) {
      expect(JSON.parse(bytes.toString())).toEqual(JSON.parse(value.toString()));
    }
  });

  it.each(TOPICS.filter(({ name }) => name !== PAYMENTS_EVENTS))(
    'show every message of $name',
    ({ name }) => {
      const shown = examples.filter(({ topic }) => topic === name).map(({ type }) => type);
      expect(shown.sort()).toEqual([...messageNames(name)].sort());
    },
  );

  it('show an event of every type of fact, and of every kind of operation', () => {
    const shown = examples.filter(({ topic }) => topic === PAYMENTS_EVENTS);
    const events = shown.map(({ value }) => JSON.parse(value.toString()) as Shown);
    expect(new Set(events.map(({ fact }) => fact.kind ?? fact.type))).toEqual(
      new Set(['terms', 'dispute', 'alias', 'total', 'retraction', 'origin', 'adoption', ...KINDS]),
    );
  });
});

interface Shown {
  readonly fact: { readonly type: string; readonly kind?: string };
}

/** For loops over topics, where no one type of data fits. */
interface Loose {
  readonly ok: boolean;
  readonly data?: unknown;
}
