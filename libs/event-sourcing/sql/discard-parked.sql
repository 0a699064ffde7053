update {{schema}}.parked set status = 'discarded', settled_at = clock_timestamp()
where id = $1 and status in ('parked', 'ready')
