-- Why: what belongs to several stores, as a transfer and a reservation do, is looked for in the audit trail by the people of each.

-- metadata.store_ids takes the place of store_id, in the rows that there are as well: no other form is read.
do $$
begin
    perform set_config('app.current_tenant_id', '$tenant_id$', true);

    update $schema$.events
    set metadata = (metadata - 'store_id') || jsonb_build_object('store_ids', case entity_type
            when 'transfer' then jsonb_build_array(new_data -> 'from_store_id', new_data -> 'to_store_id')
            when 'reservation' then (select jsonb_agg(distinct line -> 'store_id') from jsonb_array_elements(new_data -> 'lines') line)
            else jsonb_build_array(metadata -> 'store_id')
        end)
    where metadata ? 'store_id' or entity_type = 'reservation';
end
$$;

comment on column $schema$.events.metadata is
    'Version, correlation and causation of the event, store_ids (the stores that the entity belongs to) and the event itself.';
