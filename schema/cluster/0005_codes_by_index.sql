-- Why: under row level security an index serves a condition only if all its functions are leakproof, and `->>` of jsonb is not said to be.

-- Without this, whoever looks a product, store or order up by its code (data ->> 'code', which has a unique index) reads every document
-- of that kind: with 50,000 products 107 ms instead of 0.2 ms, in every command. The function tells nothing of its arguments but by
-- its result, and here a policy lets through all rows of a table or none. Only a superuser may say so; pg_dump and pg_upgrade do not
-- carry it over, so after those this script has to be run again.
do $$
begin
    if not (select proleakproof from pg_proc where oid = 'pg_catalog.jsonb_object_field_text(jsonb, text)'::regprocedure) then
        alter function pg_catalog.jsonb_object_field_text(jsonb, text) leakproof;
    end if;
end
$$;
