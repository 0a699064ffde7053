import { readFileSync } from 'node:fs';

const NAME = /^[a-z][a-z0-9_]{0,39}$/;
const texts = new Map<string, string>();
const statements = new Map<string, string>();

export interface LogSqlOptions {
  /** The Postgres schema that the log becomes, for example `payments`. */
  schema: string;
  /** Fixed for ever: another count is another topic version and a rebuild. */
  lanes: number;
  /**
   * True: no topic, lanes take appends at once (evidence). False: a lane opens when its relay has
   * compared it with its topic, after each start of the database.
   */
  opened: boolean;
  /** The service's role, granted what it needs and no more. Skipped where it does not exist. */
  role?: string;
}

/** SQL that creates a log, for a service's migration. Run it as the owner. */
export function createLogSql({ schema, lanes, opened, role }: LogSqlOptions): string {
  if (!Number.isInteger(lanes) || lanes < 1) throw new Error(`a log needs lanes, not ${lanes}`);
  const sql = ['log.sql', 'guard.sql', 'append.sql', 'reimport.sql', 'reads.sql']
    .map(read)
    .join('\n')
    .replaceAll('{{lanes}}', String(lanes))
    .replaceAll('{{opened}}', String(opened));
  const grants = role === undefined ? '' : read('grants.sql').replaceAll('{{role}}', named(role));
  return (sql + grants).replaceAll('{{schema}}', named(schema));
}

/** A statement of this package for one log's schema. */
export function statement(file: string, schema: string): string {
  const key = `${schema}/${file}`;
  const known = statements.get(key);
  if (known !== undefined) return known;
  const text = read(file).replaceAll('{{schema}}', named(schema)).trim();
  statements.set(key, text);
  return text;
}

export interface KeptStatement {
  readonly name: string;
  readonly text: string;
}

/** A statement that is parsed once a connection: for what is asked again and again, and can't be planned badly. */
export function keptStatement(file: string, schema: string): KeptStatement {
  const name = `${file.replace('.sql', '')} ${schema}`;
  return { name, text: statement(file, schema) };
}

function read(file: string): string {
  const known = texts.get(file);
  if (known !== undefined) return known;
  const text = readFileSync(new URL(`../sql/${file}`, import.meta.url), 'utf8');
  texts.set(file, text);
  return text;
}

function named(name: string): string {
  if (NAME.test(name)) return name;
  throw new Error(`"${name}" is no plain lower-case SQL name of at most 40 characters`);
}
