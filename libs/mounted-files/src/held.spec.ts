import { type Held, hold } from './held.js';
import type { Look } from './look.js';

const SETTLE = 200;
const text = (value: string): Look => ({ kind: 'text', text: value });
const gone: Look = { kind: 'gone' };
const unusable: Look = { kind: 'unusable', why: 'it is empty' };

/** What counts after these looks, each at its time. */
function after(first: string | undefined, ...looks: [atMs: number, look: Look][]): Held {
  return looks.reduce<Held>((held, [atMs, look]) => hold(held, look, atMs, SETTLE), {
    text: first,
  });
}

describe('what counts of a file', () => {
  it('is another content once that is still there when it has settled', () => {
    expect(after('a', [0, text('b')]).text).toBe('a');
    expect(after('a', [0, text('b')], [199, text('b')]).text).toBe('a');
    expect(after('a', [0, text('b')], [200, text('b')])).toEqual({ text: 'b' });
  });

  it('never is what was there for a moment only', () => {
    expect(after('a', [0, text('ha')], [200, text('half')], [400, text('half a')]).text).toBe('a');
    expect(after('a', [0, text('b')], [200, text('a')], [400, text('b')]).text).toBe('a');
  });

  it('is nothing once it is still gone when that has settled', () => {
    expect(after('a', [0, gone], [100, text('a')], [200, gone], [399, gone]).text).toBe('a');
    expect(after('a', [0, gone], [200, gone])).toEqual({ text: undefined });
  });

  it('is the last good content for as long as the file can’t be used', () => {
    const held = after('a', [0, unusable], [60_000, unusable]);
    expect(held).toEqual({ text: 'a', trouble: 'it is empty' });
    expect(hold(held, text('a'), 60_100, SETTLE)).toEqual({ text: 'a' });
  });

  it('is not hurried by an unusable look between two of another content', () => {
    expect(after('a', [0, text('b')], [100, unusable], [200, text('b')]).text).toBe('a');
  });
});
