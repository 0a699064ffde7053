import { continueTrace, newTraceparent, parseTraceparent } from './trace.js';

const HEADER = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00';

it('starts a sampled trace', () => {
  expect(newTraceparent()).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
});

it('continues a trace under a new span and keeps the sampling decision', () => {
  const next = parseTraceparent(continueTrace(HEADER));
  expect(next?.traceId).toBe('0af7651916cd43dd8448eb211c80319c');
  expect(next?.spanId).not.toBe('b7ad6b7169203331');
  expect(next?.sampled).toBe(false);
});

it.each([
  undefined,
  '',
  'garbage',
  `${HEADER}-more`, // Version 00 has four parts.
  HEADER.replace(/^00/, 'ff'),
  HEADER.toUpperCase(),
  '00-00000000000000000000000000000000-b7ad6b7169203331-01',
  '00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01',
])('starts anew after %p', (header) => {
  expect(parseTraceparent(header)).toBeUndefined();
  expect(continueTrace(header)).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
});

it('reads a later version as far as it knows it (Trace Context, section 3.2.4)', () => {
  expect(parseTraceparent(`${HEADER.replace(/^00/, '01')}-more`)?.sampled).toBe(false);
});
