import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import { Compile } from 'typebox/compile';
import type { SandboxAccount } from '../config.js';
import { CALL_FAULTS, CALL_KINDS, TOKENS } from '../gateway/behaviour.js';
import { decideThreeDs } from '../gateway/payment-intents.js';
import { DISCREPANCIES, makePayouts } from '../gateway/payouts.js';
import type { World } from '../gateway/world.js';
import { checked, parseForm } from '../dialect/params.js';
import { invalidParameter, missing } from '../gateway/api-error.js';
import { Script } from '../dialect/script.js';
import type { Timers } from '../timers.js';
import type { Sender } from '../webhooks/sender.js';
import { registerActs } from './acts.js';
import { registerDashboard } from './dashboard.js';
import { threeDsPage } from './three-ds.page.js';
import { truthOf } from './truth.js';

const secret = Type.String({ minLength: 1 });
const endpointBody = Compile(
  Type.Object(
    {
      url: Type.Optional(Type.String({ pattern: '^https?://' })),
      secret: Type.Optional(secret),
      /** While one is rolled: each signs. */
      secrets: Type.Optional(Type.Array(secret, { minItems: 1, maxItems: 10 })),
      silent: Type.Optional(Type.Boolean()),
    },
    { additionalProperties: false },
  ),
);
const decisionBody = Compile(
  Type.Object({ decision: Type.Union([Type.Literal('approve'), Type.Literal('refuse')]) }),
);
const scriptBody = Compile(
  Type.Object(
    {
      steps: Type.Array(
        Type.Object(
          {
            call: Type.Union(CALL_KINDS.map((each) => Type.Literal(each))),
            fault: Type.Union(CALL_FAULTS.map((each) => Type.Literal(each))),
          },
          { additionalProperties: false },
        ),
        { maxItems: 1000 },
      ),
    },
    { additionalProperties: false },
  ),
);
const resendBody = Compile(
  Type.Object(
    { varied: Type.Optional(Type.Boolean()), signedWrong: Type.Optional(Type.Boolean()) },
    { additionalProperties: false },
  ),
);
const payoutsBody = Compile(
  Type.Object({
    account: Type.String({ minLength: 1 }),
    discrepancies: Type.Optional(
      Type.Array(Type.Union(DISCREPANCIES.map((each) => Type.Literal(each))), { maxItems: 20 }),
    ),
  }),
);

/** What no provider has: a way to ask the sandbox for the truth, and to tell it what to do. */
export function registerAdmin(
  app: FastifyInstance,
  world: World,
  accounts: readonly SandboxAccount[],
  sender: Sender,
  timers: Timers,
): void {
  const script = new Script(world.store);
  registerActs(app, world);
  registerDashboard(app, world, accounts);
  app.get('/sandbox/health', () => ({ status: 'up' }));
  app.get('/health/live', () => ({ status: 'up' }));
  app.get('/health/ready', () => ({ status: 'up' }));
  app.get('/sandbox/tokens', () => TOKENS);
  app.get('/sandbox/truth', () => truthOf(world.store));
  app.get('/sandbox/deliveries', () => world.store.all('deliveries'));

  app.put('/sandbox/webhook-endpoints/:account', (request) => {
    const { account } = request.params as { account: string };
    const given = checked(endpointBody, request.body);
    const known = world.store.get('endpoints', account);
    const url = given.url ?? known?.url;
    const secrets = given.secrets ?? (given.secret === undefined ? known?.secrets : [given.secret]);
    if (url === undefined) throw invalidParameter('url', 'No URL is known of that account.');
    if (secrets === undefined) throw invalidParameter('secrets', 'Give secret or secrets.');
    const silent = given.silent ?? known?.silent ?? false;
    world.store.put('endpoints', account, { url, secrets, silent });
    // Whatever waited for an address has one now.
    void sender.settle();
    return { account, url, silent };
  });

  app.put('/sandbox/script/:account', (request) => {
    const { account } = request.params as { account: string };
    script.write(account, checked(scriptBody, request.body).steps);
    return { steps: script.rest(account) };
  });
  app.get('/sandbox/script/:account', (request) => {
    const { account } = request.params as { account: string };
    return { steps: script.rest(account) };
  });

  app.post('/sandbox/events/:id/resend', (request) => {
    const { id } = request.params as { id: string };
    if (world.store.get('events', id) === undefined) throw missing('event', id);
    const { varied = false, signedWrong = false } = checked(resendBody, request.body ?? {});
    sender.resend(id, { signedWrong, repeat: varied ? 'varied' : 'same' });
    return { id };
  });

  app.post('/sandbox/settle', async () => {
    timers.runAll();
    const { pending } = await sender.settle();
    return { pending: Math.max(pending, timers.size) };
  });

  app.post('/sandbox/payouts', (request) => {
    const { account, discrepancies } = checked(payoutsBody, request.body);
    return makePayouts(world, account, discrepancies ?? []);
  });

  app.post('/sandbox/3ds/:id', (request) => {
    const { id } = request.params as { id: string };
    const { decision } = checked(decisionBody, request.body);
    const { account } = known(world, id);
    return decideThreeDs(world, account, id, decision);
  });

  app.get('/3ds/:id', (request, reply) => {
    const { id } = request.params as { id: string };
    return reply.type('text/html; charset=utf-8').send(threeDsPage(known(world, id).object));
  });

  app.post('/3ds/:id', (request, reply) => {
    const { id } = request.params as { id: string };
    const form = parseForm(typeof request.body === 'string' ? request.body : '');
    const { decision } = checked(decisionBody, form);
    const { account, returnUrl } = known(world, id);
    const intent = decideThreeDs(world, account, id, decision);
    if (returnUrl === undefined) {
      return reply.type('text/html; charset=utf-8').send(threeDsPage(intent));
    }
    const back = new URL(returnUrl);
    back.searchParams.set('payment_intent', id);
    const paid = intent.status === 'succeeded' || intent.status === 'requires_capture';
    back.searchParams.set('redirect_status', paid ? 'succeeded' : 'failed');
    return reply.redirect(back.href, 303);
  });
}

function known(world: World, id: string) {
  const record = world.store.get('intents', id);
  if (record === undefined) throw missing('payment_intent', id);
  return record;
}
