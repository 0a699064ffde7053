import {
  apiKeyFile,
  choice,
  type Config,
  integer,
  list,
  milliseconds,
  text,
  url,
} from '@paylog/http';
import { PARKING_LIMITS } from './parking-age.js';

const postgres = { protocols: ['postgres', 'postgresql'] };

/** What every service with a log reads from its environment; spread it into the service's own `readConfig`. */
export const BASE_SETTINGS = {
  /** Stable over restarts, such as `intent-1`. */
  instance: text('SERVICE_INSTANCE'),
  port: integer('HTTP_PORT', { max: 65_535 }),
  mode: choice('PAYLOG_MODE', ['test', 'live']),
  databaseUrl: url('DATABASE_URL', postgres),
  /** Owns the schema; used for migrations only. */
  databaseOwnerUrl: url('DATABASE_OWNER_URL', postgres),
  brokers: list('KAFKA_BROKERS'),
  apiKeys: apiKeyFile('API_KEYS_FILE'),
  /** What is parked as poison for longer is an alarm. */
  parkedAlarmMs: milliseconds('PARKED_ALARM_MS', { default: PARKING_LIMITS.poisonMs }),
  /** The same for what waits for a reference. */
  unresolvedAlarmMs: milliseconds('UNRESOLVED_ALARM_MS', { default: PARKING_LIMITS.unresolvedMs }),
} as const;

export type BaseConfig = Config<typeof BASE_SETTINGS>;
