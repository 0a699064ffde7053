insert into {{schema}}.offsets (source, partition, next)
select * from unnest($1::text[], $2::int[], $3::bigint[])
on conflict do nothing
