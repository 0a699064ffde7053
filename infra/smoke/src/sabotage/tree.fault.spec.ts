import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SERVICE_NAMES } from '@paylog/local';
import { SWITCHES } from './switches.js';
import { openSabotage } from './tree.js';

/*
 * Goal: what is run without a defence is today's code, less that defence.
 */
jest.setTimeout(120_000);

describe('sources without a defence', () => {
  it.each(SWITCHES.map(({ name }) => name))('compile: %s', async (name) => {
    const { code, close } = await openSabotage(name);
    try {
      for (const service of SERVICE_NAMES) {
        expect(existsSync(join(code, 'services', service, 'dist/main.js'))).toBe(true);
      }
    } finally {
      await close();
    }
    expect(existsSync(code)).toBe(false);
  });

  it('are compiled anew where they were patched', async () => {
    const { code, close } = await openSabotage('retry-unknown-with-new-key');
    try {
      const built = readFileSync(join(code, 'libs/gateways/dist/stripe/client.js'), 'utf8');
      expect(built).toContain('randomUUID()');
    } finally {
      await close();
    }
  });
});
