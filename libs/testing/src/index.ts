export {
  createServiceDatabase,
  createTestDatabase,
  type ServiceDatabase,
  type TestDatabase,
  uniqueName,
} from './database.js';
export { eventually, type Patience } from './eventually.js';
export { testKafkaBrokers } from './kafka.js';
