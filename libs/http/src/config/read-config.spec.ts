import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseConfig } from './read-config.js';
import { readSecret } from './secret.js';
import {
  choice,
  integer,
  jsonFile,
  list,
  milliseconds,
  optional,
  secret,
  text,
  url,
} from './settings.js';

const directory = mkdtempSync(join(tmpdir(), 'config-'));
afterAll(() => rmSync(directory, { recursive: true }));
const file = (name: string, content: string) => {
  writeFileSync(join(directory, name), content);
  return join(directory, name);
};

const spec = {
  instance: text('SERVICE_INSTANCE', { pattern: /^[a-z-]+\d+$/ }),
  port: integer('HTTP_PORT', { max: 65_535 }),
  mode: choice('PAYLOG_MODE', ['test', 'live'], { default: 'test' }),
  brokers: list('KAFKA_BROKERS'),
  databaseUrl: url('DATABASE_URL', { protocols: ['postgres', 'postgresql'] }),
  abandonAfterMs: milliseconds('ABANDON_AFTER_MS', { default: 1_800_000 }),
  key: secret('SIGNING_KEY'),
  other: optional(secret('OTHER_KEY')),
  accounts: jsonFile('ACCOUNTS_FILE', (content) => {
    if (!Array.isArray(content)) throw new Error('it must be an array');
    return content.length;
  }),
};

it('reads a frozen, typed object', () => {
  file('SIGNING_KEY', 'from a file\n');
  const result = parseConfig(spec, {
    SERVICE_INSTANCE: 'intent-1',
    HTTP_PORT: '8080',
    KAFKA_BROKERS: 'a:1, b:2',
    DATABASE_URL: 'postgres://u:p@h/d',
    SECRETS_DIR: directory,
    ACCOUNTS_FILE: file('accounts.json', '[1,2]'),
  });
  if (!result.ok) throw new Error(result.faults.join());
  const mode: 'test' | 'live' = result.config.mode;
  expect(mode).toBe('test');
  expect(Object.isFrozen(result.config)).toBe(true);
  expect(result.config).toEqual({
    instance: 'intent-1',
    port: 8080,
    mode: 'test',
    brokers: ['a:1', 'b:2'],
    databaseUrl: 'postgres://u:p@h/d',
    abandonAfterMs: 1_800_000,
    key: 'from a file',
    other: undefined,
    accounts: 2,
  });
});

it('lists every fault at once, and never the value of a secret', () => {
  const result = parseConfig(spec, {
    SERVICE_INSTANCE: 'INTENT',
    HTTP_PORT: '65536',
    PAYLOG_MODE: 'prod',
    KAFKA_BROKERS: 'a,,b',
    DATABASE_URL: 'mysql://u:hunter2@h/d',
    ABANDON_AFTER_MS: '1.5',
    ACCOUNTS_FILE: file('broken.json', '{"secret":"hunter2"'),
  });
  if (result.ok) throw new Error('must fail');
  expect(result.faults.map((fault) => fault.split(' ')[0])).toEqual([
    'SERVICE_INSTANCE',
    'HTTP_PORT',
    'PAYLOG_MODE',
    'KAFKA_BROKERS',
    'DATABASE_URL',
    'ABANDON_AFTER_MS',
    'secret',
    'ACCOUNTS_FILE',
  ]);
  expect(result.faults.join()).not.toContain('hunter2');
});

describe('readSecret', () => {
  it('prefers the variable, then the file', () => {
    file('A_SECRET', 'file');
    expect(readSecret('A_SECRET', { A_SECRET: 'env', SECRETS_DIR: directory })).toBe('env');
    expect(readSecret('A_SECRET', { SECRETS_DIR: directory })).toBe('file');
  });

  it('says where it looked', () => {
    expect(() => readSecret('NONE', { SECRETS_DIR: '/s' })).toThrow('/s/NONE');
    expect(() => readSecret('NONE', {})).toThrow('SECRETS_DIR');
  });

  it('never leaves the directory', () => {
    expect(() => readSecret('../A_SECRET', { SECRETS_DIR: join(directory, 'x') })).toThrow(
      'missing',
    );
  });
});
