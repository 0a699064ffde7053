import { randomUUID } from 'node:crypto';
import { encode, OPERATIONS_COMMANDS, partitionOf } from '@paylog/contracts';
import { createPublisher } from '@paylog/kafka';
import { type StatefulService, STATEFUL_SERVICES, waitFor } from '@paylog/local';
import { LOGS } from './logs.js';
import type { RunningSystem } from './system.js';

/** An open parked row, as `GET /operations/parked` shows it. */
export interface Parked {
  readonly service: StatefulService;
  readonly id: string;
  readonly kind: string;
  /** `<group>/<topic>`. */
  readonly source: string;
  readonly partition: number;
  readonly offset: string;
  readonly stage: string;
  readonly error: string;
}

/** Everything that waits for a person or a reference, in all services. */
export async function openParked(system: RunningSystem): Promise<Parked[]> {
  const lists = STATEFUL_SERVICES.map(async (service) => {
    const { parked } = await system
      .operator(service)
      .get<{ parked: Omit<Parked, 'service'>[] }>('/operations/parked');
    return parked.map((row) => ({ ...row, service }));
  });
  return (await Promise.all(lists)).flat();
}

/** Poison that was mended and applied, ever. */
export async function countReplayed(system: RunningSystem): Promise<number> {
  const counts = LOGS.map(async ({ service, schema }) => {
    const { rows } = await system.database(service).query<{ count: string }>(
      `select count(*) as count from ${schema}.parked
       where kind = 'poison' and status = 'applied' and mended is not null`,
    );
    return Number(rows[0]?.count ?? 0);
  });
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
}

/** A parked row and the bytes that should have been sent. */
export interface Mended {
  readonly row: Parked;
  readonly value: Buffer;
}

const REPLAYED_WITHIN_MS = 60_000;

/** What an operator does: one command a row, then looks whether it is gone. */
export async function replay(system: RunningSystem, rows: readonly Mended[]): Promise<void> {
  const publisher = createPublisher(system.kafka);
  try {
    await publisher.publish(
      OPERATIONS_COMMANDS,
      rows.map(({ row, value }) => ({
        partition: partitionOf(row.service),
        key: row.service,
        value: encode(OPERATIONS_COMMANDS, 'ReplayParked', {
          service: row.service,
          parkedId: row.id,
          mended: value.toString('base64'),
          operator: 'demo',
          reason: 'mended by hand',
        }),
        headers: commandHeaders('ReplayParked'),
      })),
    );
  } finally {
    await publisher.close();
  }
  const ids = new Set(rows.map(({ row }) => row.id));
  let open: Parked[] = [];
  await waitFor(
    `${rows.length} mended messages to be applied`,
    async () => {
      open = (await openParked(system)).filter(({ id }) => ids.has(id));
      return open.length === 0 ? true : undefined;
    },
    { deadlineMs: REPLAYED_WITHIN_MS, everyMs: 250 },
  ).catch((error: Error) => {
    const rest = open.map(({ service, source, error: why }) => `${service} ${source}: ${why}`);
    throw new Error(`${error.message}; still open: ${rest.join('; ')}`);
  });
}

export function commandHeaders(type: string): Record<string, string> {
  return {
    ce_id: randomUUID(),
    ce_type: type,
    ce_source: 'demo',
    ce_specversion: '1.0',
    ce_time: new Date().toISOString(),
    'content-type': 'application/json',
  };
}
