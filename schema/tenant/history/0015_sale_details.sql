-- Why: an invoice is more than quantity times price: discounts, tax by product, what the goods cost, what came back and what is paid.

alter table $schema$.sales
    add column amount_paid     numeric(18,2) not null default 0,
    add column returned_amount numeric(18,2) not null default 0,
    add column recorded_at     timestamptz   not null default now();

comment on column $schema$.sales.amount_paid is
    'Sum of the payments. Not in the data model.';

comment on column $schema$.sales.returned_amount is
    'What was credited for goods that came back, tax included; total_amount stays what was invoiced. Not in the data model.';

comment on column $schema$.sales.created_at is
    'When it was sold in the shop.';

comment on column $schema$.sales.recorded_at is
    'When the ledger learned of it. Not in the data model.';

alter table $schema$.sale_items
    add column line_number       integer       not null default 1,
    add column discount          numeric(18,2) not null default 0,
    add column tax_rate          numeric(5,2)  not null default 0,
    add column cost_per_unit     numeric(18,4) not null default 0,
    add column quantity_returned numeric(18,3) not null default 0,
    alter column line_total set expression as (round(quantity * unit_price, 2) - discount);

comment on column $schema$.sale_items.line_number is
    'The place of the line in the sale, from 1. Not in the data model.';

comment on column $schema$.sale_items.discount is
    'Money off the whole line, before tax. Not in the data model.';

comment on column $schema$.sale_items.line_total is
    'Quantity times price, rounded half away from zero to two decimals, less the discount: before tax.';

comment on column $schema$.sale_items.tax_rate is
    'Percent. A sale''s tax_amount adds the lines of one rate up and rounds once, as the invoice does. Not in the data model.';

comment on column $schema$.sale_items.cost_per_unit is
    'The cost that one unit left with: quantity times it is the cost of goods sold. Not in the data model.';

comment on column $schema$.sale_items.quantity_returned is
    'How much of it came back. Not in the data model.';
