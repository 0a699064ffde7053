select count(*)::int as lanes from {{schema}}.lanes
