select l.next_position as next, r.position, r.digest
from {{schema}}.lanes l
left join {{schema}}.rows r on r.lane = l.lane and r.position = any ($2::bigint[])
where l.lane = $1
