select first_position as first, row_count as count, hash, previous_hash
from {{schema}}.blocks
where lane = $1 and first_position > $2
order by first_position
limit $3
