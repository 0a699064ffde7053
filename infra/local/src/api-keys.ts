import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { listedKeys, type ListedKey, SCOPES, withKey, withoutKey } from '@paylog/http';
import Table from 'cli-table3';
import { Command, InvalidArgumentError } from 'commander';
import { stackFolder } from './places.js';
import { readRun } from './run-file.js';

interface Where {
  readonly file?: string;
}

interface Create extends Where {
  readonly storefront: string;
  readonly scopes: readonly string[];
  readonly id?: string;
  readonly expiresAt?: string;
  readonly json?: boolean;
}

const fileOption = [
  '--file <path>',
  'the file of keys; default: $API_KEYS_FILE, else that of the local system',
] as const;

const program = new Command('api-keys').description(
  'API keys of storefronts and operators; services read the file anew within 5.4 s',
);

program
  .command('create')
  .description('make a key and show it, once')
  .requiredOption('--storefront <name>', '* for an operator’s, which speaks for all', storefront)
  .requiredOption('--scopes <list>', `of ${SCOPES.join(', ')}`, scopes)
  .option('--id <id>', 'how it is named in logs; default: the storefront and some letters')
  .option('--expires-at <time>', 'such as 2027-01-31T00:00:00Z', instant)
  .option('--json', 'id and key as one JSON object')
  .option(...fileOption)
  .action(({ file, json, ...wanted }: Create) => {
    const path = pathOf(file);
    const { keys, made, secret } = withKey(read(path), wanted, new Date());
    write(path, keys);
    if (json) console.log(JSON.stringify({ id: made.id, key: secret }));
    else console.log(`${secret}\n\nThis is the key ${made.id}. It is shown this once.`);
  });

program
  .command('list')
  .description('every key there was, without the key itself')
  .option('--json', 'one JSON array')
  .option(...fileOption)
  .action(({ file, json }: Where & { json?: boolean }) => {
    const keys = read(pathOf(file));
    if (json) console.log(JSON.stringify(keys.map(({ sha256: _digest, ...rest }) => rest)));
    else console.log(asTable(keys));
  });

program
  .command('revoke')
  .description('from now on it is nobody’s key')
  .argument('<id>')
  .option(...fileOption)
  .action((id: string, { file }: Where) => {
    const path = pathOf(file);
    write(path, withoutKey(read(path), id, new Date()));
    console.log(`${id} is revoked. Services know within 5.4 s`);
  });

try {
  program.parse();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

function pathOf(file: string | undefined): string {
  const run = readRun();
  const folder = run ? join(dirname(run.logs), 'secrets') : join(stackFolder(), 'secrets');
  return file ?? (process.env['API_KEYS_FILE'] || join(folder, 'api-keys.json'));
}

function read(path: string): readonly ListedKey[] {
  return existsSync(path) ? listedKeys(JSON.parse(readFileSync(path, 'utf8'))) : [];
}

/** The file beside it is the lock too: two commands at a time would forget one's key. */
function write(path: string, keys: readonly ListedKey[]): void {
  const aside = `${path}.new`;
  try {
    writeFileSync(aside, `${JSON.stringify(keys, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new Error(`${aside} is there: another command is at work, or died; remove it then`, {
      cause: error,
    });
  }
  renameSync(aside, path);
}

function asTable(keys: readonly ListedKey[]): string {
  const head = ['id', 'storefront', 'scopes', 'created', 'ends'];
  const table = new Table({ head, style: { head: [], border: [] } });
  for (const { id, storefront: of, scopes: may, createdAt, expiresAt, revokedAt } of keys) {
    const ends = revokedAt === undefined ? (expiresAt ?? '-') : `revoked ${revokedAt}`;
    table.push([id, of, may.join('\n'), createdAt ?? '-', ends]);
  }
  return table.toString();
}

function storefront(text: string): string {
  if (text === '*' || /^[a-z0-9][a-z0-9_-]{0,39}$/.test(text)) return text;
  throw new InvalidArgumentError('It is a storefront’s name, or *.');
}

function scopes(text: string): readonly string[] {
  const wanted = text.split(',').map((scope) => scope.trim());
  const unknown = wanted.filter((scope) => !(SCOPES as readonly string[]).includes(scope));
  if (unknown.length === 0) return [...new Set(wanted)];
  throw new InvalidArgumentError(`There is no scope ${unknown.join(', ')}.`);
}

function instant(text: string): string {
  if (/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text) && Number.isFinite(Date.parse(text))) {
    return text;
  }
  throw new InvalidArgumentError('It is a time such as 2027-01-31T00:00:00Z.');
}
