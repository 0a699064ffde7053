import { readConfig } from './config.js';
import { startSandbox } from './sandbox.js';

const CLOSE_WITHIN_MS = 5000;

const config = readConfig(process.env);
const sandbox = await startSandbox(config, { host: config.host, port: config.port });
process.stderr.write(
  `${JSON.stringify({ service: 'sandbox-gateway', msg: 'listening', url: sandbox.url, seed: config.seed })}\n`,
);

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    setTimeout(() => process.exit(1), CLOSE_WITHIN_MS).unref();
    void sandbox.close().then(() => process.exit(0));
  });
}
