select id, kind, source, partition, "offset", key, value, headers, stage, error, reference, stream,
  status, mended, parked_at
from {{schema}}.parked
where status in ('parked', 'ready')
  and status = any ($1::text[])
  and ($2::text is null or kind = $2)
  and ($3::text[] is null or reference = any ($3))
  and ($5::text is null or id = $5)
order by parked_at, id
limit $4
