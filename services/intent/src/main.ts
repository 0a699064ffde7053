import { readAccounts, readStorefronts } from '@paylog/gateways';
import { ReadTokenVerifier, runService } from '@paylog/http';
import { mountConsumers } from '@paylog/kafka';
import { mapError, openParts } from '@paylog/service';
import { compose } from './app.module.js';
import { config as readConfig } from './config.js';
import { MIGRATIONS } from './migrations/index.js';

const config = readConfig();
const { mode } = config;
const file = config.gatewayAccountsFile;
const accounts = readAccounts({ file, mode, env: process.env, secrets: 'api' });
const list = readStorefronts(config.storefrontsFile, accounts);
const gateways = new Map(accounts.map(({ account, gateway }) => [account, gateway] as const));
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
