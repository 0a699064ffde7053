import {
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { metrics } from '@paylog/observability';
import { eventually } from '@paylog/testing';
import { followFiles, type Followed, type Texts } from './follow-files.js';

let directory: string;
let open: Followed[] = [];
let said: { fields: object; message: string }[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'mounted-'));
  said = [];
});
afterEach(() => {
  for (const each of open) each.stop();
  open = [];
  rmSync(directory, { recursive: true, force: true });
});

const path = (name: string) => join(directory, name);
const say = (fields: object, message: string) => void said.push({ fields, message });
const write = (name: string, text: string) => writeFileSync(path(name), text);

/** Follows these files, and says what counts of one now. */
function follow(names: readonly string[], initial: Record<string, string> = {}, everyMs = 50) {
  const known = Object.entries(initial).map(([name, text]) => [path(name), text] as const);
  let texts: Texts = new Map(known);
  const followed = followFiles({
    files: () => names.map(path),
    initial: texts,
    changed: (now) => void (texts = now),
    logger: { info: say, warn: say },
    everyMs,
    settleMs: 20,
  });
  open.push(followed);
  return { followed, now: (name: string) => texts.get(path(name)) };
}

describe('followed files', () => {
  it('count anew when they are replaced by a rename, as Vault’s agent does', async () => {
    write('S', 'one\n');
    const { now } = follow(['S'], { S: 'one' });
    write('S.tmp', 'two\n');
    renameSync(path('S.tmp'), path('S'));
    await eventually('the new content counts', () => now('S') === 'two');
    expect(said).toContainEqual({
      fields: { file: path('S'), change: 'replaced' },
      message: 'mounted file changed',
    });
    expect(JSON.stringify(said)).not.toContain('two');
  });

  it('count anew when the directory behind their links is swapped, as Kubernetes and CSI drivers do', async () => {
    mkdirSync(path('..1'));
    mkdirSync(path('..2'));
    writeFileSync(path('..1/S'), 'one');
    writeFileSync(path('..2/S'), 'two');
    writeFileSync(path('..2/T'), 'new');
    symlinkSync('..1', path('..data'));
    symlinkSync('..data/S', path('S'));
    const { now } = follow(['S', 'T'], { S: 'one' });
    symlinkSync('..data/T', path('T'));
    symlinkSync('..2', path('..data_tmp'));
    renameSync(path('..data_tmp'), path('..data'));
    rmSync(path('..1'), { recursive: true });
    await eventually('both count', () => now('S') === 'two' && now('T') === 'new');
  });

  it('count no more when they are taken away', async () => {
    write('S', 'one');
    const { now } = follow(['S'], { S: 'one' });
    unlinkSync(path('S'));
    await eventually('it is gone', () => now('S') === undefined);
    expect(said.at(-1)).toEqual({
      fields: { file: path('S'), change: 'gone' },
      message: 'mounted file changed',
    });
  });

  it.each([
    ['half written: empty', () => write('S', '')],
    ['bytes that are no text', () => writeFileSync(path('S'), Buffer.from([0xff, 0xfe]))],
    ['a link that leads nowhere', () => relink('S', 'nowhere')],
    ['a directory', () => mkdirSync((unlinkSync(path('S')), path('S')))],
  ])('keep their last content while there is %s, and say so', async (_, spoil) => {
    write('S', 'one');
    const { followed, now } = follow(['S'], { S: 'one' });
    spoil();
    await eventually('the trouble is seen', () => followed.troubles().size === 1);
    expect(now('S')).toBe('one');
    expect(said.at(-1)?.message).toMatch(/can't be used; what was read last stands/);
    expect(await metrics.metrics()).toContain('paylog_mounted_file_unusable{file="S"} 1');
    rmSync(path('S'), { recursive: true });
    write('S', 'two');
    await eventually('mended', () => now('S') === 'two');
    expect(followed.troubles().size).toBe(0);
    expect(await metrics.metrics()).toContain('paylog_mounted_file_unusable{file="S"} 0');
  });

  it('keep their last content while their mount is away', async () => {
    mkdirSync(path('mount'));
    write('mount/S', 'one');
    const { followed, now } = follow(['mount/S'], { 'mount/S': 'one' });
    renameSync(path('mount'), path('away'));
    await eventually('the trouble is seen', () => followed.troubles().size === 1);
    expect(now('mount/S')).toBe('one');
    write('away/S', 'two');
    renameSync(path('away'), path('mount'));
    await eventually('the other content counts', () => now('mount/S') === 'two');
  });

  it('are heard of by the file system’s news, long before the net', async () => {
    write('S', 'one');
    const { now } = follow(['S'], { S: 'one' }, 3_600_000);
    // The watch may begin a moment after we write: somebody writes until it is heard.
    await eventually('the news came', () => {
      write('S', 'two');
      return now('S') === 'two';
    });
  });

  it('may name others', async () => {
    write('list', 'S');
    write('S', 'one');
    write('T', 'two');
    let texts: Texts = new Map([[path('list'), 'S']]);
    open.push(
      followFiles({
        files: (known) => [path('list'), path(known.get(path('list')) ?? 'S')],
        initial: texts,
        changed: (now) => void (texts = now),
        logger: { info: say, warn: say },
        everyMs: 50,
        settleMs: 20,
      }),
    );
    await eventually('the first is read', () => texts.has(path('S')));
    write('list', 'T');
    await eventually('the other is read', () => texts.get(path('T')) === 'two');
    expect(texts.has(path('S'))).toBe(false);
  });
});

function relink(name: string, target: string): void {
  unlinkSync(path(name));
  symlinkSync(target, path(name));
}
