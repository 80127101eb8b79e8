-- Why: people look for 'santa barbara' and mean Santa Bárbara, whatever keyboard or program wrote either.

-- unaccent of PostgreSQL is not immutable, so no index may use it; a letter's marks fall off in its compatibility decomposition as well.
create function $schema$.search_key(value text) returns text
language sql immutable strict parallel safe
return trim(regexp_replace(replace(replace(replace(lower(translate(
    regexp_replace(normalize(value, NFKD), '[\u0300-\u036F\u00AD\u200B-\u200F\u2060-\u2064\uFEFF]', '', 'g'),
    'ØøŁłĐđıŒÆẞ', 'OoLlDdiœæß')), 'œ', 'oe'), 'æ', 'ae'), 'ß', 'ss'), '\s+', ' ', 'g'));

comment on function $schema$.search_key is
    'A text as searches compare it: in lower case, without accents (ñ is n), full width, ligatures and the like as plain letters, without what cannot be seen, and of several blanks one.';

create function $schema$.search_pattern(value text) returns text
language sql immutable strict parallel safe
return '%' || replace(replace(replace($schema$.search_key(value), '\', '\\'), '%', '\%'), '_', '\_') || '%';

comment on function $schema$.search_pattern is
    'The pattern of LIKE for search keys that contain a text: search_key(name) like search_pattern(''100 %''). The signs % _ \ stand for themselves.';

alter table $schema$.products
    add column search_key text generated always as ($schema$.search_key(sku || ' ' || coalesce(barcode, '') || ' ' || name)) stored;

comment on column $schema$.products.search_key is
    'Sku, barcode and name as searches compare them; see the function search_key. Not in the data model.';

create index idx_products_search on $schema$.products using gin (search_key gin_trgm_ops);

alter table $schema$.product_barcodes
    add column search_key text generated always as ($schema$.search_key(code)) stored;

comment on column $schema$.product_barcodes.search_key is
    'The code as searches compare it; see the function search_key.';

create index idx_product_barcodes_search on $schema$.product_barcodes using gin (search_key gin_trgm_ops);
