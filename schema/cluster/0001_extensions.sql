-- Why: hypertables need TimescaleDB, and e-mail addresses that differ in case alone are one address.

create extension if not exists timescaledb;

create extension if not exists citext;
