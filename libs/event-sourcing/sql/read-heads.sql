select lane, next_position as next, hash from {{schema}}.lanes order by lane
