select r.lane, r.position, r.stream, r.version, r.id, r.type, r.schema_version, r.source, r.time,
  r.correlation_id, r.causation_id, r.traceparent, r.key, r.data, r.digest
from unnest($1::text[]) as u(stream)
-- Lateral with offset 0: an index look-up a stream, whatever the planner thinks of an empty table.
cross join lateral (
  select * from {{schema}}.rows r where r.stream = u.stream and r.version >= $2
  order by r.version offset 0
) r
