// The first job of `docker compose up`: roles, databases, topics and configuration, then it ends.
import { configure } from './configuration.js';
import { provisionKafka, provisionPostgres } from './provision.js';

function setting(name: string): string {
  const value = process.env[name];
  if (value !== undefined && value !== '') return value;
  throw new Error(`${name} is missing: docker-compose.yml sets it for the job \`init\``);
}

const { apiKey } = configure(setting('CONFIGURATION_DIR'), {
  sandboxUrl: setting('SANDBOX_URL'),
  webhookUrl: setting('WEBHOOK_URL'),
});
await provisionPostgres(setting('POSTGRES_URL'), setting('PAYLOG_DATABASE_PASSWORD'));
await provisionKafka(setting('KAFKA_BROKERS').split(','));
console.log(
  `Roles, databases, topics and configuration are there. The storefront's API key: ${apiKey}`,
);
