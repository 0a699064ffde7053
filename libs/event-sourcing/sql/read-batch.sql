select (found).lane, (found).position, (found).stream, (found).version, (found).id, (found).type,
  (found).schema_version, (found).source, (found).time, (found).correlation_id, (found).causation_id,
  (found).traceparent, (found).key, (found).data, (found).digest, newest
from {{schema}}.read_batch($1, $2, $3, $4)
