import { decodeMessage, LEDGER_ENTRIES } from '@paylog/contracts';
import type { LogRow } from '@paylog/event-sourcing';
import type { PoolClient } from 'pg';

/**
 * Entries that only Kafka had are back in the ledger: bring lines and balances up to them, in the same transaction. What
 * was posted for which payment follows by itself, when its events are read again from the restored offset.
 */
export async function reproject(client: PoolClient, rows: readonly LogRow[]): Promise<void> {
  const accepted = rows.map((row) => {
    const decoded = decodeMessage(LEDGER_ENTRIES, row.type, row.data, row.schemaVersion);
    if (!decoded.ok) {
      throw new Error(`entry ${row.id} from Kafka: ${decoded.path} ${decoded.error}`);
    }
    return { lane: row.lane, effects: { entries: [decoded.data] } };
  });
  await client.query('select ledger.project($1, null)', [JSON.stringify(accepted)]);
}
