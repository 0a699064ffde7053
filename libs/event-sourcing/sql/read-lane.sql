select lane, position, stream, version, id, type, schema_version, source, time, correlation_id,
  causation_id, traceparent, key, data, digest
from {{schema}}.rows
where lane = $1 and position >= $2
order by position
limit $3
