-- What is open, and since when, by group (the part of the source before the slash) and kind.
select split_part(source, '/', 1) as "group", kind, count(*)::int as count, min(parked_at) as oldest
from {{schema}}.parked
where status in ('parked', 'ready')
group by 1, 2
order by 1, 2
