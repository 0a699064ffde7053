import type { EventLog } from '@paylog/event-sourcing';
import type { OperationsCommand } from '@paylog/kafka';
import { createLogger } from '@paylog/observability';
import { paymentOf } from '@paylog/payment-domain';
import type { ServiceParts } from '@paylog/service';
import { record } from '../payment/payment-book.js';
import { streamOf } from '../payment/payment-stream.js';
import { findByOrder } from '../query/payments.sql.js';
import { captured, paymentOfOrder, terms } from '../testing/facts.js';
import { foundAt, foundFacts } from '../testing/found.js';
import { createTables, type Tables } from '../testing/tables.js';
import { Adoptions } from './adoptions.js';

let tables: Tables;
let parts: ServiceParts;
let log: EventLog;

beforeAll(async () => {
  tables = await createTables();
  ({ parts, log } = tables);
});

afterAll(() => tables.drop());

const logger = createLogger('spec', { level: 'silent' });
const adoptions = (through: EventLog = log) => new Adoptions(parts.pool, through, logger);
const command = (pi: string, orderId: string, attempt?: number): OperationsCommand =>
  ({
    id: `cmd-${pi}`,
    type: 'AdoptPayment',
    data: {
      service: 'payment-state',
      paymentId: foundAt(pi),
      storefront: 'shop',
      orderId,
      ...(attempt !== undefined && { attempt }),
      operator: 'ines',
      reason: 'paid by a link',
    },
  }) as OperationsCommand;
const stateOf = async (payment: string) => paymentOf(streamOf(await log.readStream(payment)).facts);
const tell = (paymentId: string, facts: ReturnType<typeof foundFacts>) =>
  record(
    log,
    facts.map((fact) => ({ paymentId, fact })),
    {},
  );

/** The log, written to by another hand. */
const through = (append: EventLog['append']): EventLog =>
  ({
    append,
    readStreams: (streams: readonly string[]) => log.readStreams(streams),
  }) as EventLog;

describe('AdoptPayment', () => {
  it('moves everything in one commit, beside two who obey at once and a webhook in between', async () => {
    const [pi, order] = ['pi_a', 'order-a'];
    const facts = foundFacts(pi);
    await tell(paymentOfOrder(order), [terms(order)]);
    await tell(foundAt(pi), facts.slice(0, -1));
    const obeyed = [adoptions(), adoptions()].map((each) => each.obey(command(pi, order)));
    await Promise.all([...obeyed, tell(foundAt(pi), facts.slice(-1))]);
    await adoptions().obey(command(pi, order));
    expect(await stateOf(paymentOfOrder(order))).toMatchObject({
      amounts: { captured: 1_000n, refunded: 400n },
      anomalies: [],
    });
    expect(await stateOf(foundAt(pi))).toMatchObject({ operations: [], amounts: { captured: 0n } });
  });

  it('leaves nothing half done by whoever dies, and is done by whoever comes next', async () => {
    const [pi, order] = ['pi_b', 'order-b'];
    await tell(paymentOfOrder(order), [terms(order)]);
    await tell(foundAt(pi), foundFacts(pi));
    const dying = through(() => Promise.reject(new Error('died')));
    await expect(adoptions(dying).obey(command(pi, order))).rejects.toThrow('died');
    expect(await stateOf(foundAt(pi))).toMatchObject({ amounts: { captured: 1_000n } });
    const lost = through(async (...args) => {
      await log.append(...args);
      throw new Error('died after the commit');
    });
    await expect(adoptions(lost).obey(command(pi, order))).rejects.toThrow('after the commit');
    const done = await stateOf(paymentOfOrder(order));
    await adoptions().obey(command(pi, order));
    expect(await stateOf(paymentOfOrder(order))).toEqual(done);
    expect(done).toMatchObject({ amounts: { captured: 1_000n, refunded: 400n } });
  });

  it('gives it to the last attempt, or to the one that is named', async () => {
    const order = 'order-c';
    const attempts = [1, 2].map((attempt) => paymentOfOrder(order, attempt));
    await tell(attempts[0] ?? '', captured(order).slice(0, 1));
    await tell(attempts[1] ?? '', [terms(order, 1_000, 2)]);
    for (const pi of ['pi_c1', 'pi_c2']) await tell(foundAt(pi), foundFacts(pi));
    await adoptions().obey(command('pi_c1', order));
    await adoptions().obey(command('pi_c2', order, 1));
    const captures = await Promise.all(attempts.map(stateOf));
    expect(
      captures.map(({ operations }) => operations.find(({ kind }) => kind === 'capture')?.id),
    ).toEqual(['ch_c2/capture', 'ch_c1/capture']);
  });

  it('shows a found payment under the order that has no other', async () => {
    await tell(foundAt('pi_d'), foundFacts('pi_d'));
    await adoptions().obey(command('pi_d', 'order-d'));
    const rows = await findByOrder(parts.pool, 'order-d', 'shop');
    expect(rows.map(({ payment_id }) => payment_id)).toEqual([foundAt('pi_d')]);
  });

  it('changes nothing where it would contradict', async () => {
    await tell(paymentOfOrder('order-e'), [terms('order-e')]);
    await tell(foundAt('pi_e'), foundFacts('pi_e'));
    await adoptions().obey(command('pi_e', 'order-e', 7));
    await adoptions().obey({ ...command('pi_e', 'order-e'), type: 'VerifyPayment' } as never);
    expect(await stateOf(foundAt('pi_e'))).toMatchObject({ amounts: { captured: 1_000n } });
    await adoptions().obey(command('pi_nobody', 'order-e'));
    expect(await log.readStream(foundAt('pi_nobody'))).toEqual([]);
  });
});
