select k.lane, k.position
from {{schema}}.keys k
left join {{schema}}.rows r on r.lane = k.lane and r.position = k.position
where r.key is distinct from k.key
order by k.lane, k.position
limit 1
