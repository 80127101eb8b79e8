-- Why: the policy of replays read the session's setting again for every row; a subselect reads it once a statement.

call shared.protect_table('$schema$.replays', analyst => null);
