import { createHash } from 'node:crypto';
import { mkdtempSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '@paylog/observability';
import { eventually } from '@paylog/testing';
import { ApiKeyFile, apiKeyFile } from './api-key-file.js';
import type { ListedKey } from './api-keys.js';
import { withKey, withoutKey } from './key-list.js';

const directory = mkdtempSync(join(tmpdir(), 'api-keys-'));
afterAll(() => rmSync(directory, { recursive: true }));
const path = join(directory, 'api-keys.json');
const put = (text: string) => {
  writeFileSync(`${path}.tmp`, text);
  renameSync(`${path}.tmp`, path);
};
const list = (keys: readonly ListedKey[]) => put(JSON.stringify(keys));
const shop = { storefront: 'shop', scopes: ['payments:read'] };
const now = new Date('2026-01-01T00:00:00Z');
const logger = createLogger('spec', { level: 'silent' });

describe('the file of API keys', () => {
  let following: { stop(): void } | undefined;
  afterEach(() => following?.stop());
  const follow = () => {
    const file = new ApiKeyFile(path);
    following = file.follow(logger, { everyMs: 40, settleMs: 15 });
    return file;
  };

  it('knows a key as soon as it is listed, and no longer when it is revoked', async () => {
    const first = withKey([], shop, now);
    list(first.keys);
    const file = follow();
    const second = withKey(first.keys, shop, now);
    expect(file.find(second.secret)).toBeUndefined();
    list(second.keys);
    await eventually('the second counts', () => file.find(second.secret)?.id === second.made.id);
    expect(file.find(first.secret)).toEqual({ id: first.made.id, ...shop });
    list(withoutKey(second.keys, first.made.id, new Date()));
    await eventually('the first is revoked', () => file.find(first.secret) === undefined);
    expect(file.find(second.secret)).toBeDefined();
  });

  it.each([
    ['broken', () => put('[{')],
    ['with a fault', () => put('[{"id":""}]')],
    ['half written', () => writeFileSync(path, '')],
    ['gone', () => unlinkSync(path)],
  ])('that is %s leaves the keys that were read last, and says so', async (_, spoil) => {
    const { keys, secret } = withKey([], shop, now);
    list(keys);
    const file = follow();
    spoil();
    await eventually('the trouble is seen', () => file.trouble() !== undefined);
    expect(file.find(secret)).toBeDefined();
    list(withoutKey(keys, keys[0]!.id, new Date()));
    await eventually('it is read again', () => file.find(secret) === undefined);
    expect(file.trouble()).toBeUndefined();
  });

  it('as a setting names its faults and quotes nothing', () => {
    put('[{"secret":"hunter2"');
    const answer = apiKeyFile('API_KEYS_FILE').read({ API_KEYS_FILE: path });
    expect(answer).toEqual({
      ok: false,
      fault: `API_KEYS_FILE (${path}): it is not valid JSON`,
    });
    expect(apiKeyFile('API_KEYS_FILE').read({})).toMatchObject({ ok: false });
  });
});

describe('a list of keys', () => {
  it('gets keys of which it holds the digest only, under ids of their own', () => {
    const first = withKey([], shop, now);
    const second = withKey(first.keys, { ...shop, expiresAt: '2026-02-01T00:00:00Z' }, now);
    expect(new Set(second.keys.map(({ id }) => id)).size).toBe(2);
    expect(JSON.stringify(second.keys)).not.toContain(second.secret);
    const sha256 = createHash('sha256').update(second.secret).digest('hex');
    expect(second.made).toMatchObject({ sha256, expiresAt: '2026-02-01T00:00:00Z' });
    expect(second.secret).toMatch(/^pk_[\w-]{43}$/);
    expect(withKey([], { ...shop, storefront: '*' }, now).secret).toMatch(/^op_/);
  });

  it('never gives an id twice, a revoked one neither, and revokes once', () => {
    const { keys } = withKey([], { ...shop, id: 'one' }, now);
    const revoked = withoutKey(keys, 'one', now);
    expect(withoutKey(revoked, 'one', new Date())).toEqual(revoked);
    expect(() => withKey(revoked, { ...shop, id: 'one' }, now)).toThrow('given before');
    expect(() => withoutKey(keys, 'two', now)).toThrow('no key two');
  });
});
