update {{schema}}.relay set position = $2, next_offset = $3
where lane = $1 and position <= $2
