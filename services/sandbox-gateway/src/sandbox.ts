import Fastify, { type FastifyError, type FastifyInstance } from 'fastify';
import { registerAdmin } from './admin/routes.js';
import type { SandboxAccount } from './config.js';
import { registerApi } from './dialect/api.js';
import { ApiError } from './gateway/api-error.js';
import { resumeExpiries } from './gateway/authorizations.js';
import { resumeDelayed } from './gateway/delayed.js';
import { resumeDisputes } from './gateway/disputes.js';
import { Emitter } from './gateway/events.js';
import { resumeRefunds } from './gateway/refunds.js';
import { resumeRuns } from './gateway/reports.js';
import type { World } from './gateway/world.js';
import type { OtherGateways } from './others/config.js';
import { registerOthers } from './others/routes.js';
import { OtherTeller } from './others/teller.js';
import { Store } from './store.js';
import { type Due, Timers } from './timers.js';
import { Sender } from './webhooks/sender.js';

export interface SandboxOptions {
  readonly seed: string;
  readonly accounts: readonly SandboxAccount[];
  readonly dataFile?: string;
  readonly publicUrl?: string;
  readonly otherGateways?: OtherGateways;
  /** Banks, issuers, retries and webhooks: `when_asked` only `settle` makes them go on. By the clock if not given. */
  readonly due?: Due;
}

/** A running sandbox. */
export interface Sandbox {
  readonly url: string;
  close(): Promise<void>;
}

const BODY_BYTES_MAX = 1024 * 1024;

/** The composition root: store, gateway, API, webhooks, administration. */
export async function startSandbox(
  options: SandboxOptions,
  listen: { readonly host: string; readonly port: number },
): Promise<Sandbox> {
  const store = new Store(options.dataFile);
  const timers = new Timers(options.due ?? 'by_the_clock');
  const emitter = new Emitter(store);
  const sender = new Sender(store, options.seed, new Timers(options.due ?? 'by_the_clock'));
  emitter.onEvent((id) => sender.accept(id));
  let publicUrl = options.publicUrl ?? '';
  const world: World = {
    store,
    emitter,
    seed: options.seed,
    now: () => new Date(),
    publicUrl: () => publicUrl,
    later: (delayMs, act) => timers.after(delayMs, act),
  };
  for (const { account, webhookUrl, webhookSecret } of options.accounts) {
    if (webhookUrl === undefined || webhookSecret === undefined) continue;
    const secrets = [webhookSecret];
    store.put('endpoints', account, { url: webhookUrl, secrets, silent: false });
  }

  const app = createApp();
  registerApi(app, world, options.accounts);
  registerAdmin(app, world, options.accounts, sender, timers);
  const others = new OtherTeller(options.otherGateways ?? {});
  registerOthers(app, others);
  const url = await app.listen(listen);
  if (options.publicUrl === undefined) publicUrl = url;
  resumeExpiries(world);
  resumeDelayed(world);
  resumeDisputes(world);
  resumeRefunds(world);
  resumeRuns(world);
  sender.resume();
  return {
    url,
    async close() {
      timers.close();
      sender.close();
      await others.close();
      await app.close();
      store.close();
    },
  };
}

function createApp(): FastifyInstance {
  const app = Fastify({ bodyLimit: BODY_BYTES_MAX, forceCloseConnections: true });
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    (_request, body, done) => done(null, body),
  );
  app.setErrorHandler((error: FastifyError | ApiError, _request, reply) => {
    if (error instanceof ApiError) {
      return reply.code(error.status).send({ error: error.fields });
    }
    const status = error.statusCode ?? 500;
    const type = status >= 500 ? 'api_error' : 'invalid_request_error';
    if (status >= 500) process.stderr.write(`${error.stack ?? error.message}\n`);
    return reply.code(status).send({ error: { type, message: error.message } });
  });
  app.setNotFoundHandler((request, reply) =>
    reply.code(404).send({
      error: {
        type: 'invalid_request_error',
        message: `Unrecognized request URL (${request.method}: ${request.url}).`,
      },
    }),
  );
  return app;
}
