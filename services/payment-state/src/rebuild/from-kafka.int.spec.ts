import { PAYMENT_PARTITIONS } from '@paylog/contracts';
import { fromTopic, startRelay } from '@paylog/event-sourcing';
import { createKafka, kafkaRelayTarget, provisionTopics } from '@paylog/kafka';
import { openParts } from '@paylog/service';
import { createServiceDatabase, testKafkaBrokers, uniqueName } from '@paylog/testing';
import pg from 'pg';
import { MIGRATIONS } from '../migrations/index.js';
import { record } from '../payment/payment-book.js';
import { captured, paymentOfOrder } from '../testing/facts.js';
import { rebuildPayments } from './rebuild.js';

describe('rebuild from Kafka', () => {
  it('refolds the facts of the topic, waits for the relay, and finds what was tampered with', async () => {
    const brokers = testKafkaBrokers();
    const kafka = createKafka({ brokers, clientId: 'spec' });
    const topic = uniqueName('events');
    const spec = { name: topic, partitions: PAYMENT_PARTITIONS, config: {} };
    await provisionTopics(kafka, [spec]);
    const database = await createServiceDatabase('payment-state');
    const { serviceUrl: databaseUrl, ownerUrl: databaseOwnerUrl } = database;
    const config = { instance: 'spec-1', databaseUrl, databaseOwnerUrl, brokers };
    const parts = await openParts({ name: 'payment-state', config, migrations: MIGRATIONS });
    const owner = new pg.Pool({ connectionString: databaseOwnerUrl });
    const log = await parts.openLog('payments');
    const target = kafkaRelayTarget(kafka, topic);
    const relay = await startRelay({
      pool: parts.pool,
      schema: 'payments',
      target,
      logger: parts.logger,
    });
    try {
      for (let i = 0; i < 20; i++) {
        const paymentId = paymentOfOrder(`order-${i}`);
        const reports = captured(`order-${i}`).map((fact) => ({ paymentId, fact }));
        // Lanes open one after another; the consumer waits for that as we do here.
        for (;;) {
          const outcome = await record(log, reports, {}).catch((error: { code?: string }) => {
            if (error.code !== 'lane_closed') throw error;
          });
          if (outcome) break;
        }
      }
      // Not waited for: the rebuild waits for the relay.
      const source = fromTopic(target);
      const whole = { pool: owner, log, source, swap: false };
      expect(await rebuildPayments(whole)).toMatchObject({
        payments: 20,
        events: 100,
        equal: true,
      });
      const victim = paymentOfOrder('order-7');
      await owner.query(
        `update query.payments set state = jsonb_set(state::jsonb, '{amounts,captured}', '"1"')
         where payment_id = $1`,
        [victim],
      );
      expect(await rebuildPayments(whole)).toMatchObject({
        equal: false,
        differences: [{ paymentId: victim, found: 'another state' }],
      });
    } finally {
      await relay.stop();
      await target.close();
      await owner.end();
      await parts.pool.end();
      await database.drop();
    }
  });
});
