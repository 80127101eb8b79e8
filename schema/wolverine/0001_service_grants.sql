-- Why: Wolverine makes its own message tables; the service sends and receives with them. Runs every time.

grant usage on schema $schema$ to fluxion_app;

-- Messages, unlike events, are gone once they are handled.
grant select, insert, update, delete on all tables in schema $schema$ to fluxion_app;

grant usage on all sequences in schema $schema$ to fluxion_app;

grant execute on all functions in schema $schema$ to fluxion_app;
