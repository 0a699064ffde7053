import type { LogRow } from '@paylog/event-sourcing';
import { decodeMessage, fromWirePayment, PAYMENTS_EVENTS } from '@paylog/contracts';
import type { PoolClient } from 'pg';
import { effectsOf } from '../payment/decide.js';

/** Rows that only Kafka had are back in the log: bring the read model up to them, in the same transaction. */
export async function reproject(client: PoolClient, rows: readonly LogRow[]): Promise<void> {
  const accepted = rows.map((row) => {
    const decoded = decodeMessage(PAYMENTS_EVENTS, row.type, row.data, row.schemaVersion);
    if (!decoded.ok)
      throw new Error(`event ${row.id} from Kafka: ${decoded.path} ${decoded.error}`);
    const payment = fromWirePayment(decoded.data.state);
    return { effects: effectsOf(row.stream, row.version, payment) };
  });
  await client.query('select payments.project($1, null)', [JSON.stringify(accepted)]);
}
