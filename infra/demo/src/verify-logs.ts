import { verify } from '@paylog/event-sourcing';
import { kafkaRelayTarget } from '@paylog/kafka';
import { type Log, LOGS } from './logs.js';
import type { RunningSystem } from './system.js';

export interface Verified {
  readonly log: string;
  readonly ok: boolean;
  /** What was compared, or the first row that is wrong. */
  readonly said: string;
}

/** Recomputes every log's chain of digests, and compares each relayed one with its topic. */
export async function* verifyLogs(system: RunningSystem): AsyncGenerator<Verified> {
  for (const log of LOGS) yield await verifyLog(system, log);
  yield await verifyBodies(system);
}

async function verifyLog(
  system: RunningSystem,
  { service, schema, topic }: Log,
): Promise<Verified> {
  const pool = system.database(service);
  const name = `${service}/${schema}`;
  const target = topic === undefined ? undefined : kafkaRelayTarget(system.kafka, topic);
  try {
    const result = await verify(pool, schema, target ? { topic: target } : {});
    const against = topic === undefined ? 'its own chain' : `its own chain and ${topic}`;
    return result.ok
      ? { log: name, ok: true, said: `${result.rows} rows agree with ${against}` }
      : {
          log: name,
          ok: false,
          said: `lane ${result.lane}, row ${result.position}: ${result.problem}`,
        };
  } finally {
    await target?.close();
  }
}

/** Bodies lie beside the evidence that names their digests: each must still be the bytes that were signed. */
async function verifyBodies(system: RunningSystem): Promise<Verified> {
  const { rows } = await system.database('webhook-ingest').query<{
    lane: number;
    position: string;
    body: string | null;
    expected: string;
    total: string;
  }>(`
    select r.lane, r.position, encode(sha256(b.body), 'hex') as body,
      convert_from(r.data, 'utf8')::json ->> 'sha256' as expected,
      (select count(*) from evidence.rows) as total
    from evidence.rows r left join evidence_bodies b on b.evidence_id = r.id
    order by (encode(sha256(b.body), 'hex') is not distinct from
      convert_from(r.data, 'utf8')::json ->> 'sha256'), r.lane, r.position
    limit 1`);
  const [first] = rows;
  const log = 'webhook-ingest/evidence bodies';
  if (first !== undefined && first.body !== first.expected) {
    const problem = first.body === null ? 'its body is gone' : 'its body was changed';
    return { log, ok: false, said: `lane ${first.lane}, row ${first.position}: ${problem}` };
  }
  return { log, ok: true, said: `${first?.total ?? 0} bodies have the digests of their rows` };
}
