select asked.number::int as question, (b.found).lane, (b.found).position, (b.found).stream, (b.found).version,
  (b.found).id, (b.found).type, (b.found).schema_version, (b.found).source, (b.found).time,
  (b.found).correlation_id, (b.found).causation_id, (b.found).traceparent, (b.found).key, (b.found).data,
  (b.found).digest, b.newest
from unnest($1::int[], $2::bigint[], $3::int[], $4::bigint[]) with ordinality
  as asked(lane, first, rows, bytes, number)
cross join lateral {{schema}}.read_batch(asked.lane, asked.first, asked.rows, asked.bytes) b
order by asked.number, (b.found).position
