import { runService } from '@paylog/http';
import { mountConsumers } from '@paylog/kafka';
import { mapError, openParts } from '@paylog/service';
import { compose } from './app.module.js';
import { config as readConfig } from './config.js';
import { MIGRATIONS } from './migrations/index.js';

const config = readConfig();
const parts = await openParts({ name: 'webhook-ingest', config, migrations: MIGRATIONS });

await runService({
  name: 'webhook-ingest',
  module: await compose(parts, config.accounts, config),
  port: config.port,
  health: parts.health,
  logger: parts.logger,
  access: { keys: config.apiKeys },
  mapError,
  configure: (app) => mountConsumers(app, parts.consumers),
  onShutdown: () => parts.shutdownSteps(),
});
