update {{schema}}.parked set published_at = clock_timestamp()
where id = any ($1::text[]) and published_at is null
