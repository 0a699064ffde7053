-- The oldest first, as many as $1 and as $2 bytes of values, and always the first one: a flood of large
-- messages must not be read into memory at once.
select id, kind, source, partition, "offset", key, value, headers, stage, error, reference, stream,
  status, mended, parked_at
from (
  select p.*, sum(octet_length(value)) over (order by parked_at, id) - octet_length(value) as bytes_before
  from (
    select * from {{schema}}.parked
    where kind = 'poison' and published_at is null
    order by parked_at, id
    limit $1
  ) p
) oldest
where bytes_before is null or bytes_before < $2
order by parked_at, id
