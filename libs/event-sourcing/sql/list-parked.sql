-- A page of what is open, without what may be large. $4 is the last row of the page before. By status: each comes in
-- order from the index, and only a page of it.
select p.id, p.kind, p.source, p.partition, p."offset", p.key, p.stage, p.error, p.reference, p.stream,
  p.status, p.parked_at
from unnest($1::text[]) as one(status)
cross join lateral (
  select * from {{schema}}.parked a
  where a.status = one.status
    and a.status in ('parked', 'ready')
    and ($2::text is null or a.key = $2)
    and ($6::text is null or a.kind = $6)
    and ($7::text is null or a.reference = $7)
    and ($8::timestamptz is null or a.parked_at < $8)
    and ($3::text is null or starts_with(a.source, $3 || '/'))
    and ($4::text is null or (
      a.parked_at >= (select l.parked_at from {{schema}}.parked l where l.id = $4)
      and (a.parked_at, a.id) > (select l.parked_at, l.id from {{schema}}.parked l where l.id = $4)))
  order by a.parked_at, a.id
  limit $5
) p
order by p.parked_at, p.id
limit $5
