select r.lane, r.position
from {{schema}}.rows r
left join {{schema}}.lanes l on l.lane = r.lane
where l.lane is null or r.position < 0 or r.position >= l.next_position
order by r.lane, r.position
limit 1
