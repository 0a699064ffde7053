delete from {{schema}}.flushes where recorded_at < clock_timestamp() - interval '1 hour'
