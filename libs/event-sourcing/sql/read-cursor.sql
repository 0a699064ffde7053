select position, next_offset from {{schema}}.relay where lane = $1
