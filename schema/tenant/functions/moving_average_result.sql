-- Why: the aggregate moving_average needs a final function.

create or replace function $schema$.moving_average_result(state numeric[]) returns numeric
language sql immutable parallel safe
as $$ select state[2] $$;

comment on function $schema$.moving_average_result is
    'The average of a state.';
