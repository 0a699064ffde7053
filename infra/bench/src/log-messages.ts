import { postgresLog } from '@paylog/event-sourcing';
import { toMessage, type OutgoingMessage } from '@paylog/kafka';
import type { Pool } from 'pg';

/** Every row of payment-state's log as the message that the relay makes of it, by lane. */
export async function logMessages(pool: Pool): Promise<OutgoingMessage[][]> {
  const log = await postgresLog(pool, 'payments');
  const lanes: OutgoingMessage[][] = [];
  for (const { lane, next } of await log.heads()) {
    const rows = await log.readLane(lane, 0n, Number(next));
    lanes.push(rows.map((row) => toMessage(row, row.stream)));
  }
  return lanes;
}
