-- Why: with store and product as segments a compressed batch held 1.2 movements, and compression made movements larger.

-- The community edition of TimescaleDB only. A batch holds up to 1,000 rows of one segment, and is read and rewritten as a whole.
-- Weighed, with the figures of 200,000 movements of which 178,326 lay in old chunks:
--   segments by store and product: 1.2 rows a batch; 117 MB, which is more than the 112 MB of plain chunks. A late movement
--     compares itself with every batch of its chunk, since the key (id, created_at) has no segment: many batches make that slow.
--   no segments: 14 MB, and the fewest batches. But one item as of a day reads all batches before that day, of all stores.
--   segments by store: 14 MB. One item as of a day reads the batches of its store. Chosen.
-- Within a store the order is product, then time. The least and greatest product of each batch are kept beside it, so that one item as of
-- a day, and the history of an item, open one batch or two of each chunk, however many movements the store has. In the order of time
-- alone they would open all batches of the store. The price: a day or a page of an old month opens every batch of that chunk.
-- The id stays in the order for its least and greatest value. Ids grow with the time of recording: a movement that is learned of late
-- has a greater id than all rows that were compressed before, so its key needs no batch to be opened.
-- Chunks that are compressed already keep the old form, and work. docs/compression.md says how to compress them anew.
do $$
begin
    if current_setting('timescaledb.license') = 'timescale' then
        alter table $schema$.inventory_movements set (
            timescaledb.compress,
            timescaledb.compress_segmentby = 'store_id',
            timescaledb.compress_orderby = 'product_id, created_at desc, id');
    end if;
end
$$;
