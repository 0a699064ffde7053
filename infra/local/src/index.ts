export {
  type NativePostgres,
  type Postgres,
  type PostgresOptions,
  type Source,
  startNativePostgres,
  startPostgres,
} from './postgres.js';
export {
  type KafkaOptions,
  type NativeKafka,
  type RunningKafka,
  startKafka,
  startNativeKafka,
} from './kafka.js';
export { type Stack, type StackOptions, startStack } from './stack.js';
export { newFolder, repository, stateFolder } from './places.js';
export { removeAtEnd } from './child.js';
