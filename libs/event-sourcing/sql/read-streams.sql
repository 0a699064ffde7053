select lane, position, stream, version, id, type, schema_version, source, time, correlation_id,
  causation_id, traceparent, key, data, digest
from {{schema}}.read_streams($1, $2)
