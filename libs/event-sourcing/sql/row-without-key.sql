select r.lane, r.position
from {{schema}}.rows r
left join {{schema}}.keys k on k.key = r.key
where k.key is null or k.lane <> r.lane or k.position > r.position
order by r.lane, r.position
limit 1
