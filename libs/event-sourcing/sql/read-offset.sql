select next from {{schema}}.offsets where source = $1 and partition = $2
