-- Why: a search for a part of a name must treat %, _ and \ as letters.

create or replace function $schema$.search_pattern(value text) returns text
language sql immutable strict parallel safe
return '%' || replace(replace(replace($schema$.search_key(value), '\', '\\'), '%', '\%'), '_', '\_') || '%';

comment on function $schema$.search_pattern is
    'Pattern of LIKE that finds a text in search keys: search_key(name) like search_pattern(''100 %''). The signs % _ \ stand for '
    'themselves.';
