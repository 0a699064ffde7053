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
export {
  type ClusterBroker,
  type ClusterOptions,
  type NativeKafkaCluster,
  startNativeKafkaCluster,
} from './kafka-cluster.js';
export { type Stack, type StackOptions, startStack } from './stack.js';
export { newFolder, repository, stateFolder } from './places.js';
export { removeAtEnd } from './child.js';
export { startSystem, type System, type SystemOptions } from './system.js';
export {
  type Environment,
  type InstanceSpec,
  type InstanceStatus,
  Supervisor,
} from './supervisor.js';
export { readRun, type Run } from './run-file.js';
export {
  ACCOUNT,
  type Configuration,
  configure,
  OTHER_GATEWAYS,
  STOREFRONT,
} from './configuration.js';
export { addWebhookSecret, revokeWebhookSecret } from './webhook-secrets.js';
export { freePort } from './ports.js';
export { ARCHIVIST, type DatabaseUrls, provisionPostgres } from './provision.js';
export {
  SERVICE_NAMES,
  type ServiceName,
  STATEFUL_SERVICES,
  type StatefulService,
} from './services.js';
export { GaveUp, waitFor } from './deadline.js';
