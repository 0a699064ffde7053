import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Invariant } from '../witness.js';
import { startWorld, type World } from '../world.js';
import { digestOf } from './digests.js';
import { judge } from './judge.js';
import { kafkaOf } from './topic-ends.js';
import { readTruth } from './read-sandbox.js';
import { waitUntilStill } from './still.js';

const LOAD_MS = 6_000;
const STILL_WITHIN_MS = 40_000;

let world: World;
/** Orders by their PaymentIntents: paid and not refunded, the oldest first. */
let paid: { id: string; payment: string }[];

beforeAll(async () => {
  world = await startWorld({ seed: 4, brokers: 1, report: () => {} });
  world.load.start();
  await sleep(LOAD_MS);
  expect(await world.load.pause(STILL_WITHIN_MS)).toEqual([]);
  const { intents } = await readTruth(world.witness.sandboxUrl);
  paid = intents
    .filter(({ amount, amountReceived, amountRefunded }) => {
      return amountReceived === amount && amountRefunded === 0;
    })
    .map(({ id, metadata }) => ({ id, payment: metadata['paylog_payment'] as string }));
}, 120_000);
afterAll(() => world.end({ keep: false }), 30_000);

describe('a whole system under the eyes of the oracle', () => {
  it('comes to rest, and keeps every promise', async () => {
    expect(await waitUntilStill(world.witness, { deadlineMs: STILL_WITHIN_MS })).toEqual([]);
    expect(world.witness.acked.orders.length).toBeGreaterThan(10);
    expect(await judge(world.witness)).toEqual([]);
  }, 90_000);

  it('is found out wherever it was tampered with', async () => {
    const [first, second, third] = paid as [Paid, Paid, Paid];
    await cheatAtTheGateway(first, second);
    await waitUntilStill(world.witness, { deadlineMs: STILL_WITHIN_MS });
    const row = await corruptDatabases(third);
    await releaseAgain(third);
    forgeAcks();
    const found = Object.fromEntries(
      (await judge(world.witness)).map(({ invariant, examples }) => [
        invariant,
        examples.join('\n'),
      ]),
    );
    const expected: Partial<Record<Invariant, RegExp>> = {
      'acked-webhook-stored': /now has a body of/,
      'stored-webhook-applied': /was never looked at/,
      'acked-order-answered': /order nobody-placed\/1 .* has neither an intent nor a refusal/,
      'captured-once': new RegExp(`payment ${first.payment} was captured through ${first.id}, pi_`),
      'refunded-once': /the refund ref\w+ was done 2 times: re_\w+ of 1, re_\w+ of 1/,
      'released-once': /the goods of .* were released 2 times/,
      'released-after-capture': /order-of-nobody .* the gateway knows nothing of that payment/,
      'versions-gapless': /payment-state\/payments, stream pay\w+: version 2 expected, 3 found/,
      'positions-gapless': /payment-state\/payments, lane \d: position \d+ expected, \d+ found/,
      'chains-verify': new RegExp(`intent/intents, row ${row} .* its columns give`),
      'log-equals-topic': /row \d\/\d+ .* is not in the log/,
      'live-equals-rebuilt': new RegExp(`${third.payment}: another state`),
      'ledger-balanced': /entry ent\w+ is off by 1 /,
      'nothing-stuck': new RegExp(`intent has to look at ${third.payment} \\(forgotten\\)`),
      'nothing-parked': /fulfillment has poison planted from nowhere/,
      'state-as-the-gateway-says': new RegExp(`payment ${third.payment} .* with us`),
    };
    for (const [invariant, says] of Object.entries(expected)) {
      expect(found).toHaveProperty(invariant, expect.stringMatching(says));
    }
  }, 120_000);
});

type Paid = (typeof paid)[number];

/** As a bug would: the same payment charged again, the same refund made twice. */
async function cheatAtTheGateway(charged: Paid, refunded: Paid): Promise<void> {
  const call = async (path: string, form: Record<string, string>) => {
    const answer = await fetch(`${world.witness.sandboxUrl}/v1/${path}`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${world.system.configuration.secrets.STRIPE_MAIN_API_KEY}`,
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: new URLSearchParams(form).toString(),
    });
    expect(`${answer.status} ${answer.ok ? '' : await answer.text()}`).toBe('200 ');
  };
  await call('payment_intents', {
    amount: '700',
    currency: 'eur',
    confirm: 'true',
    payment_method: 'pm_card_visa',
    'automatic_payment_methods[enabled]': 'true',
    'automatic_payment_methods[allow_redirects]': 'never',
    'metadata[paylog_payment]': charged.payment,
  });
  const operation = `ref${'a'.repeat(26)}`;
  for (let time = 0; time < 2; time++) {
    await call('refunds', {
      payment_intent: refunded.id,
      amount: '1',
      'metadata[paylog_payment]': refunded.payment,
      'metadata[paylog_operation_refund]': operation,
    });
  }
}

/** A superuser who switches the guards off. Answers which row of intent's log was changed. */
async function corruptDatabases({ payment }: Paid): Promise<string> {
  await corrupt('webhook-ingest', [
    `alter table evidence_bodies disable trigger all`,
    `update evidence_bodies set body = set_byte(body, 0, get_byte(body, 0) # 1)
     where evidence_id = (select id from evidence.rows order by lane, position limit 1)`,
    `delete from mapped_evidence where evidence_id = (select min(evidence_id) from mapped_evidence)`,
  ]);
  await corrupt('payment-state', [
    `alter table payments.rows disable trigger all`,
    `delete from payments.rows where version = 2 and stream = (
       select stream from payments.rows where version = 3 and stream <> '${payment}' limit 1)`,
    `update query.payments set label = 'authorized', state = state::jsonb || '{"label":"authorized"}'
     where payment_id = '${payment}'`,
  ]);
  await corrupt('reconciliation', [
    `alter table books.ledger_lines disable trigger all`,
    `update books.ledger_lines set minor = minor + 1 where line = 1 and side = 'debit'
     and entry_id = (select entry_id from books.ledger_lines where line = 1 and side = 'debit'
       order by 1 limit 1)`,
  ]);
  await corrupt('fulfillment', [
    `insert into fulfillment.parked (id, kind, source, partition, "offset", headers, stage, error)
     values ('planted', 'poison', 'nowhere', 0, 0, '{}', 'decode', 'planted')`,
  ]);
  const [changed] = await corrupt('intent', [
    `alter table intents.rows disable trigger all`,
    `update work set due_at = now() + interval '1 hour', why = 'forgotten'
     where payment_id = '${payment}'`,
    `update intents.rows set data = set_byte(data, 0, get_byte(data, 0) # 1)
     where position = 1 and lane = 0 returning lane || '/' || position as row`,
  ]);
  return changed?.row ?? '';
}

/** Answers what the last of the statements returns. */
async function corrupt(
  service: string,
  statements: readonly string[],
): Promise<{ row?: string }[]> {
  const client = new pg.Client({ connectionString: world.witness.databases[service] as string });
  await client.connect();
  try {
    let rows: { row?: string }[] = [];
    for (const statement of statements) ({ rows } = await client.query(statement));
    return rows;
  } finally {
    await client.end();
  }
}

/** Somebody with the right to write to the topic lets goods go: once more, and for a payment that does not exist. */
async function releaseAgain({ payment }: Paid): Promise<void> {
  const { brokers, databases } = world.witness;
  const client = new pg.Client({ connectionString: databases['payment-state'] as string });
  await client.connect();
  const { rows } = await client.query<{ storefront: string; order_id: string }>(
    'select storefront, order_id from query.payments where payment_id = $1',
    [payment],
  );
  await client.end();
  const order = { storefront: rows[0]?.storefront ?? '', orderId: rows[0]?.order_id ?? '' };
  const producer = kafkaOf(brokers).producer();
  await producer.connect();
  await producer.send({
    topic: 'fulfillment.events.v1',
    messages: [
      release({ paymentId: payment, ...order }),
      release({ paymentId: 'payof-nobody', storefront: 'shop', orderId: 'order-of-nobody' }),
    ],
  });
  await producer.disconnect();
}

function release(of: { paymentId: string; storefront: string; orderId: string }) {
  const id = `forged-${createHash('sha256').update(of.paymentId).digest('hex').slice(0, 8)}`;
  const data = Buffer.from(JSON.stringify({ ...of, part: 'all', reason: 'forged' }));
  const columns = {
    lane: '0',
    stream: of.paymentId,
    version: '9',
    id,
    type: 'FulfillmentReleased',
    schemaVersion: '1',
    source: 'forger',
    time: new Date().toISOString(),
    correlationId: undefined,
    causationId: undefined,
    traceparent: undefined,
    key: id,
    data,
  };
  const headers = {
    ce_id: id,
    ce_type: columns.type,
    ce_source: columns.source,
    ce_time: columns.time,
    ce_subject: columns.stream,
    ce_schemaversion: columns.schemaVersion,
    ce_streamversion: columns.version,
    ce_lane: columns.lane,
    ce_position: '999999',
    ce_key: columns.key,
    ce_digest: digestOf(columns),
  };
  return { partition: 0, key: of.paymentId, value: data, headers };
}

/** What nobody ever sent, as if it had been promised. */
function forgeAcks(): void {
  const { acked } = world.witness;
  const [order] = acked.orders;
  if (order) acked.orders.push({ ...order, orderId: 'nobody-placed', paymentId: 'pay-of-nobody' });
}
