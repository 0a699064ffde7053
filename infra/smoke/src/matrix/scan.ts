import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { STATEFUL_SERVICES } from '@paylog/local';

/** A failpoint as the sources have it. */
export interface Failpoint {
  /** `<service or lib>.<step>.<before|after>`. */
  readonly name: string;
  /** Folder of the package, such as `libs/kafka`. */
  readonly owner: string;
  /** From the root of the repository. */
  readonly file: string;
  /** What is called between its two points; empty where that can't be seen. */
  readonly boundary: string;
}

/** One source file, by its path from the root of the repository. */
export interface Source {
  readonly file: string;
  readonly text: string;
}

/** Everything that runs in a service: the services that keep something, and the libs. Specs and their helpers don't. */
export function sourcesOf(root: string): Source[] {
  const libs = readdirSync(join(root, 'libs')).map((name) => join('libs', name));
  const services = STATEFUL_SERVICES.map((name) => join('services', name));
  return [...libs, ...services].flatMap((owner) =>
    filesIn(join(root, owner, 'src')).map((path) => ({
      file: relative(root, path),
      text: readFileSync(path, 'utf8'),
    })),
  );
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === 'testing' ? [] : filesIn(path);
    return /(?<!\.spec)\.ts$/.test(entry.name) ? [path] : [];
  });
}

const CROSSING = /(?:const (\w+) = |(\w+): )crossing\('([^']+)'\)/g;
const DECLARATION = /declareFailpoints\(\[([^\]]*)\]\)/g;
const USE = /\bfailpoint\(\s*'([^']+)'/g;

/** Every failpoint of the sources, sorted by name. */
export function failpointsIn(sources: readonly Source[]): Failpoint[] {
  const found = sources.flatMap(({ file, text }) => {
    const at = { file, owner: file.split('/').slice(0, 2).join('/') };
    const crossed = [...text.matchAll(CROSSING)].flatMap(([, name = '', , step]) => {
      const boundary = name && calledIn(text, `${name}(() =>`);
      return ['before', 'after'].map((end) => ({ ...at, name: `${step}.${end}`, boundary }));
    });
    const alone = declaredIn(text).map((name) => {
      const before = name.replace(/\.after$/, '.before');
      return { ...at, name, boundary: calledIn(text, `failpoint('${before}')`) };
    });
    return [...crossed, ...alone];
  });
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** What the call behind a mark reaches; the function's name where that can't be seen from it. */
function calledIn(text: string, mark: string): string {
  const at = text.indexOf(mark);
  if (at < 0) return '';
  const behind = text.slice(at + mark.length, at + mark.length + 300);
  const called = mark.endsWith('=>') ? behind : (/await ((?:.|\n)*)/.exec(behind)?.[1] ?? '');
  const name = /^\s*([\w.#]+)/.exec(called)?.[1]?.replace(/^this\.#?/, '') ?? '';
  return REACHES.find(([pattern]) => pattern.test(name))?.[1] ?? name;
}

const REACHES: readonly (readonly [RegExp, string])[] = [
  [/\.query$|append|submit|readStreams|InFlushes|migrate|atOneMoment/i, 'Postgres'],
  [/^(?:producer|consumer|admin|cluster|broker|coordinator|target|within)\b/, 'Kafka'],
  [/^(?:callGateway|lookUp|source\.)/, 'gateway'],
];

function declaredIn(text: string): string[] {
  return [...text.matchAll(DECLARATION)].flatMap(([, list = '']) =>
    [...list.matchAll(/'([^']+)'/g)].map(([, name]) => name as string),
  );
}

/** What is wrong with the failpoints of the sources, a sentence each. */
export function faultsOf(sources: readonly Source[]): string[] {
  const seen = new Map<string, string>();
  for (const { name, file } of failpointsIn(sources)) {
    if (seen.has(name)) return [`${name} is declared twice: in ${seen.get(name)} and in ${file}`];
    seen.set(name, file);
  }
  return [
    ...sources.flatMap(misdeclared),
    ...failpointsIn(sources).flatMap(misnamed),
    ...sources.flatMap(unguarded),
  ];
}

function misdeclared({ file, text }: Source): string[] {
  const declared = new Set(declaredIn(text));
  const used = new Set([...text.matchAll(USE)].map(([, name]) => name as string));
  const crossings = [...text.matchAll(CROSSING)].flatMap(([, name]) => name ?? []);
  return [
    ...[...used].filter((name) => !declared.has(name)).map((name) => `uses ${name} undeclared`),
    ...[...declared].filter((name) => !used.has(name)).map((name) => `never uses ${name}`),
    ...crossings
      .filter((name) => (text.match(new RegExp(`\\b${name}\\b`, 'g')) ?? []).length < 2)
      .map((name) => `never crosses ${name}`),
  ].map((what) => `${file} ${what}`);
}

function misnamed({ name, owner, file }: Failpoint): string[] {
  const [, folder = ''] = owner.split('/');
  if (name.startsWith(`${folder}.`) && /\.(?:before|after)$/.test(name)) return [];
  return [`${file} has ${name}: write ${folder}.<step>.<before|after>`];
}

/** Calls that leave the process. */
const LEAVES =
  /\b(?:pool|Pool|client|session|lock)\.query\b|\.(?:sendBatch|commitOffsets|fetchTopicOffsets|leaveGroup)\(|\bbroker\.fetch\(/g;

/** A call that needs no points of its own, by its file and what stands at it, and why. */
interface Spared {
  readonly file?: RegExp;
  readonly call?: RegExp;
  readonly why: string;
}

/** Everything else that leaves the process has a point before it and one behind it. */
const SPARED: readonly Spared[] = [
  { call: /query\(['`](?:begin|rollback)/, why: 'the commit decides' },
  { call: /pg_advisory_unlock/, why: 'the lock ends with its session' },
  { call: /query\(settings\)|query\(['`]set /, why: 'a setting of the session' },
  { call: /'select 1'|topics\[0\]/, why: 'a probe' },
  { file: /^libs\/testing\//, why: 'for specs' },
  { call: /open-lanes\.sql/, why: 'for specs' },
  { file: /\/migrations\/|postgres\/src\/data-source/, why: 'inside service.migrate' },
  { file: /^libs\/postgres\/src\/pool\.ts$/, why: 'inside service.check-commits' },
  { file: /\/verify(?:-topic)?\.ts$/, why: 'a tool that only reads' },
  {
    file: /webhook-ingest\/src\/mapping\/found-payments\.sql\.ts$/,
    why: 'inside webhook-ingest.promote',
  },
  { file: /publish-news\.ts$/, why: 'inside reconciliation.news' },
  { file: /^libs\/kafka\/src\/topics\.ts$/, why: 'a tool of the set-up' },
  {
    file: /event-sourcing\/src\/(?:cut|binary-copy|rebuild\/compare|rebuild\/shadow)\.ts$/,
    why: 'inside the steps of a rebuild',
  },
  { file: /\/(?:reproject|reimported)\.ts$/, why: 'inside event-sourcing.reimport' },
  { call: /\(reimportCall\(/, why: 'inside event-sourcing.reimport' },
  {
    file: /reconciliation\/src\/statement\/.*\.sql\.ts$/,
    call: /\bclient\.query/,
    why: 'inside the transactions of reconciliation.stage and reconciliation.decide',
  },
  { file: /reconciliation\/src\/ledger\/books\.sql\.ts$/, why: 'inside reconciliation.books' },
  { call: /<\{ closed: boolean \}>/, why: 'inside reconciliation.published' },
  { call: /\.\.\.RELEASE/, why: 'inside intent.release' },
  { call: /'intent_request_answer'/, why: 'inside intent.http.answer' },
];

function unguarded({ file, text }: Source): string[] {
  return [...text.matchAll(LEAVES)].flatMap((match) => {
    const line = lineAt(text, match.index);
    const isSpared = SPARED.some(
      (one) => (one.file?.test(file) ?? true) && (one.call?.test(line.text) ?? true),
    );
    if (isSpared || isGuarded(text, match.index)) return [];
    return [`${file}:${line.number} leaves the process without a failpoint: ${line.text.trim()}`];
  });
}

const LINES_ABOVE = 10;

/** In a crossing, or behind a point that stands by itself a few lines above. */
function isGuarded(text: string, index: number): boolean {
  const above = text.slice(0, index).split('\n').slice(-LINES_ABOVE).join('\n');
  if (/\w+\(\(\) =>\s*(?:\w+\([\w,\s]*)?[\w.#]*$/.test(above)) return true;
  return /failpoint\('[^']+\.before'\);/.test(above);
}

function lineAt(text: string, index: number): { number: number; text: string } {
  const number = text.slice(0, index).split('\n').length;
  return {
    number,
    text: text
      .split('\n')
      .slice(number - 1, number + 1)
      .join(' '),
  };
}
