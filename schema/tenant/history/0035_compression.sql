-- Why: movements and the audit trail are kept for years and read for weeks; old chunks are compressed where the edition can.

-- The community edition of TimescaleDB only. Ninety days: what is usually asked about, and what is learned late, is in plain chunks; a later
-- insert into a compressed chunk works and is slower. Segments are what is asked for together, the order is that of the questions in it.
do $$
begin
    if current_setting('timescaledb.license') = 'timescale' then
        alter table $schema$.inventory_movements set (
            timescaledb.compress, timescaledb.compress_segmentby = 'store_id, product_id', timescaledb.compress_orderby = 'created_at desc, id');
        perform add_compression_policy('$schema$.inventory_movements', compress_after => interval '90 days');

        alter table $schema$.events set (
            timescaledb.compress, timescaledb.compress_segmentby = 'entity_type', timescaledb.compress_orderby = 'created_at desc, id');
        perform add_compression_policy('$schema$.events', compress_after => interval '90 days');
    end if;
end
$$;
