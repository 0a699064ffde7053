select l.lane, l.next_position as next, p.peers
from (
  select count(*)::int as peers from pg_stat_activity
  where application_name = $1 and datname = current_database()
) p
cross join {{schema}}.lanes l
where l.lane = any ($2::int[])
