-- Why: an analyst asks what stock would be worth if movements had been recorded in the order in which they occurred.

create or replace aggregate $schema$.moving_average(quantity numeric, cost_per_unit numeric, movement_type text, reference_type text) (
    sfunc = $schema$.moving_average_step,
    stype = numeric[],
    finalfunc = $schema$.moving_average_result,
    parallel = safe
);

comment on aggregate $schema$.moving_average(numeric, numeric, text, text) is
    'Moving average cost of one unit of one item; the order by of the call gives the order of its movements. Receipts and transfers '
    'from other stores are averaged in, to four decimals. A return to a supplier is taken out at the cost with which the goods came; '
    'where nothing stays, or the rest would cost less than nothing, the average stays. Other issues, adjustments and counts leave '
    'the average unchanged. Goods that a transfer lost are averaged in before they are written off.';
