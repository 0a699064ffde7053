import { flood } from './run.js';

describe('a flood', () => {
  it('of everything that no reader expects is set aside, and honest traffic goes on beside it', async () => {
    const lines: string[] = [];
    const result = await flood({
      seed: 7,
      requests: 3_000,
      messages: 1_000,
      overSeconds: 20,
      tell: (line) => lines.push(line),
    });
    const { violations, wrong, requests, messages, parked } = result;
    expect({ violations, wrong, lines: result.ok ? [] : lines }).toEqual({
      violations: [],
      wrong: [],
      lines: [],
    });
    expect(Object.keys(requests.byAnswer)).toEqual(expect.arrayContaining(['200', '401', '404']));
    expect(Object.values(messages)).toEqual(Array.from({ length: 6 }, () => 1_000));
    for (const [reader, { parked: aside, taken }] of Object.entries(parked)) {
      expect([reader, aside > 500, aside + taken]).toEqual([reader, true, 1_000]);
    }
  }, 240_000);
});
