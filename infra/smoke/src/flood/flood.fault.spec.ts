import { flood } from './run.js';

const REQUESTS = 2_000;
const MESSAGES = 1_000;

describe('a flood', () => {
  it('of everything that no reader expects is set aside, and honest traffic goes on beside it', async () => {
    const lines: string[] = [];
    const result = await flood({
      seed: 7,
      requests: REQUESTS,
      messages: MESSAGES,
      overSeconds: 25,
      tell: (line) => lines.push(line),
    });
    const { violations, wrong, requests, messages, parked } = result;
    expect({ violations, wrong, lines: result.ok ? [] : lines }).toEqual({
      violations: [],
      wrong: [],
      lines: [],
    });
    expect(Object.keys(requests.byAnswer)).toEqual(expect.arrayContaining(['200', '401', '404']));
    expect(Object.values(messages)).toEqual(Array.from({ length: 6 }, () => MESSAGES));
    for (const [reader, { parked: aside, taken }] of Object.entries(parked)) {
      expect([reader, aside > MESSAGES / 2, aside + taken]).toEqual([reader, true, MESSAGES]);
    }
  }, 240_000);
});
