-- Why: people type 'santa barbara' and mean Santa Bárbara, on any keyboard.

-- PostgreSQL's unaccent is not immutable, so no index may use it. The compatibility decomposition separates a letter from its accents
-- as well.
create or replace function $schema$.search_key(value text) returns text
language sql immutable strict parallel safe
return trim(regexp_replace(replace(replace(replace(lower(translate(
    regexp_replace(normalize(value, NFKD), '[\u0300-\u036F\u00AD\u200B-\u200F\u2060-\u2064\uFEFF]', '', 'g'),
    'ØøŁłĐđıŒÆẞ', 'OoLlDdiœæß')), 'œ', 'oe'), 'æ', 'ae'), 'ß', 'ss'), '\s+', ' ', 'g'));

comment on function $schema$.search_key is
    'A text in the form that searches compare: lower case, no accents (ñ is n), plain letters for full width and ligatures, no '
    'invisible characters, single blanks.';
