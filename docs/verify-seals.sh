#!/usr/bin/env bash
# Verifies the seals of one tenant with psql and sha256sum alone; docs/seal.md describes what is hashed.
#
#   PGHOST=… PGUSER=postgres PGDATABASE=fluxion docs/verify-seals.sh tenant_acme [<hash of a seal that was published>]
#
# psql connects as its environment says, with a role that reads the tenant's mt_events: a superuser, or fluxion_owner with
# PGOPTIONS='-c app.current_tenant_id=<the tenant id>'. Exit code 0: all is as it was sealed.
set -euo pipefail
schema=${1:?the schema of a tenant, for example tenant_acme} expect=${2-}
export PGOPTIONS="${PGOPTIONS-} -c datestyle=ISO -c search_path=pg_catalog"
query() { psql -X -A -t -q -v ON_ERROR_STOP=1 "$@"; }
not_intact() { echo "not intact: $1" >&2; exit 1; }

[ -n "$(query -c "select to_regclass('$schema.mt_events')")" ] || { echo "error: there is no $schema.mt_events here: the schema is that of a tenant, for example tenant_acme" >&2; exit 2; }
[ "$(query -c "select count(*) from $schema.mt_events where seq_id is null")" -eq 0 ] || not_intact "there are events without a number"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
query -F ' ' > "$work/seals" -c "
  select number, from_sequence, to_sequence, to_char(sealed_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), encode(hash, 'hex')
  from $schema.ledger_seals order by number"

last=0 end=0 events=0 known=${expect:+no}
previous=$(printf '%064d' 0)
while read -r number from to sealed_at hash; do
  [ "$number" -eq $((last + 1)) ] || not_intact "seal $((last + 1)) is missing"
  [ "$from" -eq $((end + 1)) ] || not_intact "seal $number does not begin where the one before it ends"
  rm -rf "$work/events" && mkdir "$work/events"
  after=$end
  [ "$number" -gt 1 ] || after=-9223372036854775808
  # a file an event, named by its sequence and id; records end with a zero byte, which no text in PostgreSQL contains
  names=()
  while IFS= read -r -d '' record; do
    name=${record%%$'\n'*}
    printf '%s' "${record#*$'\n'}" > "$work/events/$name"
    names+=("$name")
  done < <(query -0 -c "
    select seq_id || '-' || id || E'\n' ||
           concat(seq_id, ' ', id, ' ', stream_id, ' ', version, ' ', timestamp at time zone 'UTC', ' ', is_archived, E'\n',
                  data, E'\n',
                  headers, E'\n',
                  octet_length(type), ':', type, ' ',
                  octet_length(mt_dotnet_type), ':', mt_dotnet_type, ' ',
                  octet_length(tenant_id), ':', tenant_id, ' ',
                  octet_length(user_name), ':', user_name, ' ',
                  octet_length(correlation_id), ':', correlation_id, ' ',
                  octet_length(causation_id), ':', causation_id, ' ',
                  octet_length(bdata), ':', encode(bdata, 'hex'), E'\n')
    from $schema.mt_events where seq_id > $after and seq_id <= $to order by seq_id")
  [ ${#names[@]} -gt 0 ] || not_intact "all events of seal $number are gone"
  computed=$({
    echo "fluxion-seal-1 $number $from $to ${#names[@]} $sealed_at $previous"
    (cd "$work/events" && sha256sum -- "${names[@]}")
  } | sha256sum | cut -d ' ' -f 1)
  [ "$computed" = "$hash" ] || not_intact "the events $from to $to are not those of seal $number, made at $sealed_at"
  [ "$hash" != "$expect" ] || known=yes
  last=$number end=$to previous=$hash events=$((events + ${#names[@]}))
done < "$work/seals"
[ "$known" != no ] || not_intact "no seal has the hash $expect"
echo "intact: $events events in $last seals; head $previous"
