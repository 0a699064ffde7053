update {{schema}}.lanes set opened_for = {{schema}}.incarnation()
