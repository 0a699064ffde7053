import { followAccounts, readStorefronts } from '@paylog/gateways';
import { ReadTokenVerifier, runService } from '@paylog/http';
import { mountConsumers } from '@paylog/kafka';
import { createLogger } from '@paylog/observability';
import { mapError, openParts } from '@paylog/service';
import { compose } from './app.module.js';
import { config as readConfig } from './config.js';
import { MIGRATIONS } from './migrations/index.js';

const config = readConfig();
const { mode } = config;
const file = config.gatewayAccountsFile;
const logger = createLogger('intent');
const accounts = followAccounts({ file, mode, env: process.env, secrets: 'api', logger });
const list = readStorefronts(config.storefrontsFile, accounts.current());
const gateways = new Map(
  accounts.current().map(({ account, gateway }) => [account, gateway] as const),
);
const poolMax = config.gatewayCallsMax + 10;
const parts = await openParts({ name: 'intent', config, migrations: MIGRATIONS, poolMax });

await runService({
  name: 'intent',
  module: await compose(parts, { config, accounts, storefronts: { mode, list, gateways } }),
  port: config.port,
  health: parts.health,
  logger: parts.logger,
  access: {
    keys: config.apiKeys,
    readTokens: new ReadTokenVerifier(config.readTokenPublicKey),
  },
  mapError,
  configure: (app) => mountConsumers(app, parts.consumers),
  onShutdown: () => parts.shutdownSteps(),
});
