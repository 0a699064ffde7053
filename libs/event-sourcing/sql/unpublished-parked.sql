select id, kind, source, partition, "offset", key, value, headers, stage, error, reference, stream,
  status, mended, parked_at
from {{schema}}.parked
where kind = 'poison' and published_at is null
order by parked_at, id
limit $1
