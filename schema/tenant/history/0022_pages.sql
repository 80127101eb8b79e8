-- Why: a page of documents, latest first, reads that page and not all that the tenant ever sold and ordered.

create index idx_sales_page on $schema$.sales (created_at desc, id);

create index idx_purchase_orders_page on $schema$.purchase_orders (created_at desc, id);

-- Every page is joined with the names of stores, suppliers and the like. By default a table is analyzed after 50 changes, which those of
-- a small company never see; not knowing that there are several rows, the planner then begins with them and sorts the whole history.
-- (Measured with 4 stores: a page of movements read all 18,977 of them, and 101 once the stores had been analyzed.)
alter table $schema$.stores set (autovacuum_analyze_threshold = 0, autovacuum_analyze_scale_factor = 0.1);
alter table $schema$.suppliers set (autovacuum_analyze_threshold = 0, autovacuum_analyze_scale_factor = 0.1);
alter table $schema$.categories set (autovacuum_analyze_threshold = 0, autovacuum_analyze_scale_factor = 0.1);
alter table $schema$.users set (autovacuum_analyze_threshold = 0, autovacuum_analyze_scale_factor = 0.1);
