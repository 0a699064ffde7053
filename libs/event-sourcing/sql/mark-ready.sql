update {{schema}}.parked set status = 'ready', mended = coalesce($2, mended)
where id = $1 and status in ('parked', 'ready')
