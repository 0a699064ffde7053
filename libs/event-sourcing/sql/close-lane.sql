update {{schema}}.lanes set opened_for = null where lane = $1
