import { verify } from '@paylog/event-sourcing';
import { kafkaRelayTarget } from '@paylog/kafka';
import { type Log, LOGS } from './logs.js';
import type { RunningSystem } from './system.js';
import { verifyBodies } from './verify-bodies.js';

export interface Verified {
  readonly log: string;
  readonly ok: boolean;
  /** What was compared, or the first row that is wrong. */
  readonly said: string;
}

/** Recomputes every log's chain of digests, and compares each relayed one with its topic. */
export async function* verifyLogs(system: RunningSystem): AsyncGenerator<Verified> {
  for (const log of LOGS) yield await verifyLog(system, log);
  yield {
    log: 'webhook-ingest/evidence bodies',
    ...(await verifyBodies(system.database('webhook-ingest'))),
  };
  yield await verifyTail(system);
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

/** Evidence has no topic to compare with: what anchors its end are the digests that published facts carry. */
async function verifyTail(system: RunningSystem): Promise<Verified> {
  const { rows } = await system.database('webhook-ingest').query<{
    fact: string;
    evidence: string;
    missing: boolean;
    total: string;
  }>(`
    with told as (
      select f.id as fact, f.message -> 'evidence' ->> 'id' as evidence,
        f.message -> 'evidence' ->> 'sha256' as sha256
      from (select id, convert_from(data, 'utf8')::jsonb as message from facts.rows) f
    )
    select t.fact, t.evidence, r.id is null as missing, count(*) over () as total
    from told t left join evidence.rows r on r.id = t.evidence
      and convert_from(r.data, 'utf8')::jsonb ->> 'sha256' = t.sha256
    order by (r.id is null) desc, t.fact limit 1`);
  const [first] = rows;
  const log = 'webhook-ingest/evidence tail';
  if (first?.missing) {
    const said = `evidence ${first.evidence} of fact ${first.fact} is gone, or is another`;
    return { log, ok: false, said };
  }
  return { log, ok: true, said: `${first?.total ?? 0} facts name evidence that is there` };
}
