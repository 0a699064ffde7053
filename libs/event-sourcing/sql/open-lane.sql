select {{schema}}.open_lane($1)
