-- From where this relay was: a zombie's late answer moves nothing.
update {{schema}}.relay set position = $3, next_offset = $4
where lane = $1 and position = $2
