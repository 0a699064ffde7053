import Type from 'typebox';
import { closed } from './schema.js';
import { toPresent, type Versioned } from './versions.js';

// A message made up for this spec: version 1 had one name, version 2 split it, version 3 counts.
const message: Versioned = {
  mode: 'closed',
  schema: closed({ first: Type.String(), last: Type.String(), count: Type.Integer() }),
  older: [
    {
      schema: closed({ name: Type.String() }),
      up: ({ name }: { name: string }) => {
        const [first = '', last = ''] = name.split(' ');
        return { first, last };
      },
    },
    {
      schema: closed({ first: Type.String(), last: Type.String() }),
      up: (names: object) => ({ ...names, count: 1 }),
    },
  ],
};

describe('older versions', () => {
  it.each([
    [1, { name: 'Ada Lovelace' }],
    [2, { first: 'Ada', last: 'Lovelace' }],
    [3, { first: 'Ada', last: 'Lovelace', count: 1 }],
  ])('of %s are brought up to the present', (version, json) => {
    const data = { first: 'Ada', last: 'Lovelace', count: 1 };
    expect(toPresent(message, json, version)).toEqual({ ok: true, data });
  });

  it('are checked by the schema of their own time', () => {
    expect(toPresent(message, { name: 7 }, 1)).toMatchObject({ ok: false, path: '/name' });
    expect(toPresent(message, { name: 'Ada' }, 3)).toMatchObject({ ok: false });
  });

  it('end where the reader’s knowledge ends', () => {
    expect(toPresent(message, {}, 4)).toMatchObject({ ok: false, path: '' });
  });
});
