-- Like read-lane, and at most $4 bytes of data, but at least one row. `newest` is the last row that was seen, whether or
-- not it had room.
select lane, position, stream, version, id, type, schema_version, source, time, correlation_id,
  causation_id, traceparent, key, data, digest, newest
from (
  select r.*, sum(octet_length(r.data)) over (order by r.position) as bytes,
    max(r.position) over () as newest
  from (
    select * from {{schema}}.rows where lane = $1 and position >= $2 order by position limit $3
  ) r
) b
where bytes <= $4 or position = $2
order by position
