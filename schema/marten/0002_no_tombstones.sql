-- Why: for every number that a failed transaction has drawn Marten adds, after it, a row of its own (a tombstone, recorded at -infinity), so that its
-- asynchronous daemon need not wait for it. Nothing here runs that daemon. Among events such rows are nothing that happened, and one that came after its
-- number was sealed as rolled back would be an insertion. Numbers of transactions that failed stay without a row. Runs every time; once there, it locks nothing.

do $$
begin
    if not exists (select from pg_trigger where tgrelid = '$schema$.mt_events'::regclass and tgname = 'no_tombstones') then
        create trigger no_tombstones
            before insert on $schema$.mt_events
            for each row when (new.type = 'tombstone')
            execute function shared.leave_out();
    end if;
end
$$;
