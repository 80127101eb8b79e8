-- Why: an analyst asks which products carry the business.

create or replace function $schema$.abc_classification(
    since timestamptz, until timestamptz default now(), store text default null, a_percent numeric default 80, b_percent numeric default 95)
returns table (class text, sku text, product text, net_sales numeric, share_percent numeric, cumulative_percent numeric, product_id uuid)
language sql stable parallel safe
as $$
    select case when r.before < abc_classification.a_percent then 'A' when r.before < abc_classification.b_percent then 'B' else 'C' end,
           r.sku, r.product, r.net_sales, round(r.share, 2), round(r.before + r.share, 2), r.product_id
    from (select v.*, 100 * v.net_sales / nullif(sum(v.net_sales) over (), 0) as share,
                 coalesce(100 * sum(v.net_sales) over (order by v.net_sales desc, v.sku rows between unbounded preceding and 1 preceding)
                     / nullif(sum(v.net_sales) over (), 0), 0) as before
          from $schema$.sales_by_product(abc_classification.since, abc_classification.until, abc_classification.store) v
          where v.net_sales > 0) r;
$$;

comment on function $schema$.abc_classification is
    'Products by net sales, the best first. Class A has the first products, which make a_percent of all net sales, and B those until '
    'b_percent. C has the rest (Pareto analysis, H. F. Dickie, ABC Inventory Analysis Shoots for Dollars, 1951). The product that '
    'crosses a limit belongs to the class before it. Products without sales are not listed.';
