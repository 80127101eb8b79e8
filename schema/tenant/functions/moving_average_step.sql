-- Why: the aggregate moving_average needs a state function.

create or replace function $schema$.moving_average_step(
    state numeric[], quantity numeric, cost_per_unit numeric, movement_type text, reference_type text) returns numeric[]
language plpgsql immutable parallel safe
as $$
begin
    if state is null then
        return array[quantity, cost_per_unit];
    elsif quantity > 0 and movement_type in ('in', 'transfer') then
        return array[state[1] + quantity,
                     case when state[1] <= 0 then cost_per_unit
                          else round((state[1] * state[2] + quantity * cost_per_unit) / (state[1] + quantity), 4) end];
    elsif movement_type = 'out' and reference_type in ('purchase', 'receipt') and state[1] + quantity > 0
          and state[1] * state[2] + quantity * cost_per_unit >= 0 then
        return array[state[1] + quantity, round((state[1] * state[2] + quantity * cost_per_unit) / (state[1] + quantity), 4)];
    else
        return array[state[1] + quantity, state[2]];
    end if;
end
$$;

comment on function $schema$.moving_average_step is
    'Adds one movement to a moving average; the state is on hand and average before it.';
