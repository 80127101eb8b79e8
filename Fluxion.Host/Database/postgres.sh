#!/usr/bin/env bash
# A private PostgreSQL 17 + TimescaleDB (Apache edition) for development: Debian 13's packages, unpacked
# into one folder and run from there. Nothing of the host is changed, no root and no Docker is needed.
#
#   postgres.sh install         download and unpack once
#   postgres.sh start [PORT]    install and create what is missing, start on 127.0.0.1:PORT (0: any free port);
#                               a server that already runs is left as it is, whatever its port
#   postgres.sh stop            stop the server
#   postgres.sh status          say whether it runs, and where
#   postgres.sh wipe            stop the server and delete its data
#
# Environment:
#   FLUXION_DATABASE_HOME       where all lies (default /var/tmp/fluxion-<user id>); as root, a folder that
#                               the account `postgres` or `nobody` can reach
#   FLUXION_DATABASE_DATA       the data directory (default $FLUXION_DATABASE_HOME/data)
#   FLUXION_DATABASE_PORT       the port when none is given (default 5480)
#   FLUXION_DATABASE_PASSWORD   the password of the superuser `postgres` (default postgres), set when the data
#                               directory is created
#   FLUXION_DEBIAN_MIRROR       the mirror to download from (default http://deb.debian.org/debian)
#
# Exit codes: 0 done, 1 other, 2 wrong usage, 3 unsupported machine, 4 mirror not reachable, 5 port taken,
# 6 disk full, 7 not running (status), 128 + n ended by signal n.
# The last line that `start` writes is read by EmbeddedDatabase.cs.
set -euo pipefail
umask 022
export LC_ALL=C.UTF-8 LANGUAGE=
unset CDPATH LD_PRELOAD LD_LIBRARY_PATH
trap '' PIPE            # a host that is gone must not break off a step half way
exec </dev/null

readonly OTHER=1 USAGE=2 UNSUPPORTED=3 NO_MIRROR=4 PORT_TAKEN=5 DISK_FULL=6 NOT_RUNNING=7
readonly INSTALL_MB=400 CLUSTER_MB=150 LOG_MAX_MB=10 LOCK_SECONDS=600 ANSWER_SECONDS=300 ORPHAN_SECONDS=2

say() { printf '%s\n' "$*" 2>/dev/null || true; }
die() { local code=$1; shift; printf 'error: %s\n' "$*" >&2 2>/dev/null || true; exit "$code"; }
die_showing() {         # FILE CODE MESSAGE: the message, then the end of what the failed program wrote
  local file=$1 code=$2; shift 2
  printf 'error: %s\n' "$*" >&2 || true
  tail -n 15 "$file" 2>/dev/null | sed 's/^/  | /' >&2 || true
  exit "$code"
}
free_mb() { df --output=avail -B1M -- "$1" | tail -n 1 | tr -d ' '; }
step_failed() {         # LOG FOLDER CODE MESSAGE: the same, unless the reason is that the folder's disk is full
  local log=$1 folder=$2 code=$3; shift 3
  # The log itself may be empty when there was no room for it.
  if grep -qE 'No space left on device|Disk quota exceeded|enough free space' "$log" || [ "$(free_mb "$folder")" -lt 16 ]; then
    code=$DISK_FULL
    set -- "the disk of $folder is full; make room, or set FLUXION_DATABASE_HOME (and FLUXION_DATABASE_DATA, if set) to a folder on another disk"
  fi
  die_showing "$log" "$code" "$@"
}

usage() { sed -n '2,/^set -/p' "$here/${BASH_SOURCE[0]##*/}" | sed '$d; s/^# \{0,1\}//'; }
absolute() { realpath -m -s -- "$1"; }
here=$(absolute "$(dirname "${BASH_SOURCE[0]}")")
home=$(absolute "${FLUXION_DATABASE_HOME:-/var/tmp/fluxion-$EUID}")
data=$(absolute "${FLUXION_DATABASE_DATA:-$home/data}")
mirror=${FLUXION_DEBIAN_MIRROR:-http://deb.debian.org/debian}
password=${FLUXION_DATABASE_PASSWORD:-postgres}
prefix=$home/pg17
bin=$prefix/usr/lib/postgresql/17/bin
lib=$prefix/usr/lib/x86_64-linux-gnu
cd /

# What the packages' maintainer scripts or the just-in-time compiler want, the server does not: declared as
# installed to the private apt, which then downloads 40 MB instead of 97.
readonly STUBS=(postgresql-common postgresql-client-common ssl-cert locales tzdata debconf perl perl-base adduser
                ucf openssl openssl-provider-legacy procps init-system-helpers libllvm19 readline-common
                libpam-modules sysvinit-utils base-passwd)

# ---- being interrupted ------------------------------------------------------------------------------------

child=                  # the long-running program under way, leader of its own process group
scratch=()              # folders to remove at exit
launched=               # set while a server that this run has launched does not answer yet

cleanup() {
  trap '' INT TERM HUP
  if [ -n "$child" ]; then
    kill -TERM -- "-$child" 2>/dev/null || true
    wait "$child" 2>/dev/null || true
  fi
  if [ -n "$launched" ]; then "${as_server[@]}" "$bin/pg_ctl" -D "$data" -m fast -w -t 30 stop >/dev/null 2>&1 || true; fi
  if [ ${#scratch[@]} -gt 0 ]; then rm -rf -- "${scratch[@]}" 2>/dev/null || true; fi
}
trap cleanup EXIT
trap 'die 130 "interrupted; run it again to go on"' INT
trap 'die 143 "interrupted; run it again to go on"' TERM
trap 'die 129 "interrupted; run it again to go on"' HUP

run() {                 # LOG COMMAND...: wait in a way that lets the traps act at once; a Ctrl-C does not reach it
  local log=$1 status=0; shift
  set -m; "$@" <&0 >"$log" 2>&1 & child=$!; set +m
  wait "$child" || status=$?
  child=
  return "$status"
}

# ---- whose files, which account ---------------------------------------------------------------------------

prepare() {
  # what apt, the loader's search path and a here-document take as it is written
  if [[ $home$data =~ [^[:alnum:]._/@+=~-] ]]; then
    die $OTHER "FLUXION_DATABASE_HOME and FLUXION_DATABASE_DATA can contain letters, digits and ._/@+=~- only, not: $home $data"
  fi
  if [[ $mirror =~ [^[:alnum:]._/@+=~:%-] ]]; then die $OTHER "FLUXION_DEBIAN_MIRROR is not an address: $mirror"; fi
  if [ -z "$password" ] || [[ $password == *$'\n'* ]]; then die $OTHER "FLUXION_DATABASE_PASSWORD must be one line"; fi
  local tool
  for tool in flock setpriv getent; do
    command -v "$tool" >/dev/null || die $UNSUPPORTED "the program $tool is missing on this machine"
  done

  mkdir -p -- "$home" 2>/dev/null || die $OTHER "can not create $home; set FLUXION_DATABASE_HOME to a folder that can be written"
  # The default is a foreseeable name in a folder all can write to: never run what another account put there.
  [ "$(stat -c %u -- "$home")" = "$EUID" ] ||
    die $OTHER "$home belongs to another account ($(stat -c %U -- "$home")); set FLUXION_DATABASE_HOME to a folder of your own"

  as_server=(setpriv --pdeathsig KILL)
  account=$(id -un 2>/dev/null) || die $UNSUPPORTED "the user id $EUID has no entry in /etc/passwd, without which PostgreSQL does not start"
  if [ "$EUID" = 0 ]; then     # PostgreSQL refuses to run as root
    account=nobody
    if getent passwd postgres >/dev/null; then account=postgres; fi
    if [ -f "$data/PG_VERSION" ]; then account=$(stat -c %U -- "$data"); fi
    [ "$(id -u "$account" 2>/dev/null || echo 0)" != 0 ] || die $OTHER "$data belongs to $account, as which PostgreSQL does not run"
    as_server+=(--reuid="$account" --regid="$(id -g "$account")" --init-groups --inh-caps=-all)
  fi
  as_server+=(env -i PATH=/usr/bin:/bin HOME=/nonexistent LANG=C.UTF-8 LC_ALL=C.UTF-8)
}

# One at a time. Every program inherits the lock, so that what a killed run leaves behind has ended before the
# next one begins; only the server must not keep it (9>&-).
lock() {
  exec 9>"$home/.lock"
  flock -n 9 && return 0
  say "Waiting for another start or stop of the embedded database ..."
  run /dev/null flock -w "$LOCK_SECONDS" 9 || die $OTHER "another postgres.sh holds $home/.lock for more than $LOCK_SECONDS s"
}

need_space() {          # FOLDER MEGABYTES
  local free; free=$(free_mb "$1")
  [ "$free" -ge "$2" ] ||
    die $DISK_FULL "the disk of $1 is full: $free MB are free, $2 MB are needed; make room or set FLUXION_DATABASE_HOME to a folder on another disk"
}

# ---- install ----------------------------------------------------------------------------------------------

installed() { [ -f "$prefix/.complete" ] && [ "$(cat "$prefix/.complete")" = "$prefix" ]; }

install_server() {
  if installed; then return 0; fi
  local tool
  for tool in apt-get dpkg dpkg-deb; do
    command -v "$tool" >/dev/null || die $UNSUPPORTED "this machine has no $tool: the embedded database needs Debian or Ubuntu"
  done
  local machine; machine=$(dpkg --print-architecture 2>/dev/null || true)
  [ "$machine" = amd64 ] || die $UNSUPPORTED "this machine is ${machine:-of an unknown kind}, the embedded database is for amd64"
  [ -e /usr/share/zoneinfo/UTC ] || die $UNSUPPORTED "the time zone files are missing: apt-get install tzdata"
  "${as_server[@]}" test -x "$home" ||
    die $OTHER "the account $account, as which PostgreSQL runs, can not reach $home; set FLUXION_DATABASE_HOME to a folder that all can enter"

  rm -rf -- "$home"/.install.*          # of runs that were killed
  need_space "$home" "$INSTALL_MB"
  local work; work=$(mktemp -d "$home/.install.XXXXXX"); scratch+=("$work")
  chmod 755 "$work"
  mkdir -p "$work"/etc/{apt.conf.d,preferences.d,sources.list.d,trusted.gpg.d,auth.conf.d} \
           "$work"/state/lists/partial "$work"/cache/archives/partial "$work"/{log,tmp,root}
  cp -- "$here/debian-archive-trixie.asc" "$work/etc/"
  chmod 644 "$work/etc/debian-archive-trixie.asc"
  echo "deb [arch=amd64 signed-by=$work/etc/debian-archive-trixie.asc] $mirror trixie main" > "$work/etc/sources.list"
  local name
  for name in "${STUBS[@]}"; do
    printf 'Package: %s\nStatus: install ok installed\nVersion: 9999:0\nArchitecture: amd64\nMulti-Arch: foreign\nMaintainer: none\nDescription: stub\n\n' "$name"
  done > "$work/state/status"
  cat > "$work/apt.conf" <<E
Dir::Etc "$work/etc";
Dir::State "$work/state";
Dir::State::status "$work/state/status";
Dir::Cache "$work/cache";
Dir::Log "$work/log";
APT::Architecture "amd64";
APT::Architectures { "amd64"; };
APT::Install-Recommends "false";
APT::Install-Suggests "false";
APT::Sandbox::User "";
APT::Update::Error-Mode "any";
Acquire::Check-Valid-Until "false";
Acquire::Check-Date "false";
Acquire::Languages "none";
Acquire::Retries "2";
Acquire::http::Timeout "20";
Acquire::https::Timeout "20";
E
  apt-config dump 2>/dev/null | grep -iE '^Acquire::https?::Proxy' >> "$work/apt.conf" || true     # the host's, if any

  say "Downloading PostgreSQL 17 and TimescaleDB (40 MB, once) ..."
  local private=(setpriv --pdeathsig KILL env "APT_CONFIG=$work/apt.conf" "TMPDIR=$work/tmp" DEBIAN_FRONTEND=noninteractive)
  run "$work/log/apt" "${private[@]}" apt-get -qq update || download_failed "$work/log/apt"
  run "$work/log/apt" "${private[@]}" apt-get -qq -y --download-only install \
    postgresql-17 postgresql-17-timescaledb patchelf || download_failed "$work/log/apt"

  say "Unpacking ..."
  printf '%s\0' "$work"/cache/archives/*.deb > "$work/log/archives"
  run "$work/log/unpack" setpriv --pdeathsig KILL \
    xargs -0 -P 2 -I{} -a "$work/log/archives" dpkg-deb -x {} "$work/root" ||
    step_failed "$work/log/unpack" "$home" $OTHER "the packages could not be unpacked"
  # The programs are made for Debian 13's C library, the host may have an older one: give each the unpacked
  # loader and an rpath (DT_RPATH, which unlike RUNPATH also holds for the libraries of dlopen'ed modules).
  local root=$work/root file
  local patchelf=(env -i "$root/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2" --inhibit-cache
                  --library-path "$root/usr/lib/x86_64-linux-gnu" "$root/usr/bin/patchelf")
  for file in "$root"/usr/lib/postgresql/17/bin/*; do
    "${patchelf[@]}" --print-interpreter "$file" >/dev/null 2>&1 || continue
    "${patchelf[@]}" --set-interpreter "$lib/ld-linux-x86-64.so.2" --force-rpath --set-rpath "$lib" "$file" \
      >"$work/log/patchelf" 2>&1 || step_failed "$work/log/patchelf" "$home" $OTHER "$(basename "$file") could not be adapted to this machine"
  done
  rm -f  -- "$root"/usr/lib/postgresql/17/lib/llvmjit.so       # without LLVM it can not load, without it JIT is just off
  rm -rf -- "$root"/usr/lib/postgresql/17/lib/bitcode "$root"/usr/share/{doc,man,lintian,locale}
  chmod -R a+rX "$root"
  rm -rf -- "$prefix"
  mv -T -- "$root" "$prefix"
  "${as_server[@]}" "$bin/postgres" -V >"$work/log/version" 2>&1 ||
    step_failed "$work/log/version" "$home" $OTHER "the unpacked server does not run on this machine"
  sync -f "$prefix" 2>/dev/null || true       # "complete" must not reach the disk before what it speaks of
  printf '%s' "$prefix" > "$prefix/.complete"
  rm -rf -- "$work"
  say "Installed PostgreSQL 17 and TimescaleDB $(
    sed -n "s/^default_version *= *'\(.*\)'/\1/p" "$prefix/usr/share/postgresql/17/extension/timescaledb.control") in $prefix"
}

download_failed() {     # LOG
  if grep -qE "NO_PUBKEY|BADSIG|EXPKEYSIG|REVKEYSIG|couldn't be verified|Missing key|Hash Sum mismatch" "$1"; then
    step_failed "$1" "$home" $OTHER "what $mirror serves is not signed by Debian's trixie keys or was damaged on the way; try again or set FLUXION_DEBIAN_MIRROR to another mirror"
  fi
  step_failed "$1" "$home" $NO_MIRROR "the Debian mirror $mirror can not be reached; check the network, http_proxy, or set FLUXION_DEBIAN_MIRROR to another mirror"
}

# ---- the data directory -----------------------------------------------------------------------------------

create_cluster() {
  if [ -f "$data/PG_VERSION" ]; then
    [ "$(cat "$data/PG_VERSION")" = 17 ] ||
      die $OTHER "$data is of PostgreSQL $(cat "$data/PG_VERSION"), not 17; set FLUXION_DATABASE_DATA to another folder"
    return 0
  fi
  if [ -n "$(ls -A -- "$data" 2>/dev/null)" ]; then
    die $OTHER "$data is not empty and not a database; set FLUXION_DATABASE_DATA to another folder"
  fi
  # Only a finished data directory gets the final name.
  local new=$data.new
  rm -rf -- "$new"
  mkdir -p -- "$new" 2>/dev/null || die $OTHER "can not create $new; set FLUXION_DATABASE_DATA to a folder that can be written"
  scratch+=("$new")
  need_space "$new" "$CLUSTER_MB"
  if [ "$EUID" = 0 ]; then chown -- "$account:" "$new"; fi
  chmod 700 "$new"
  if ! "${as_server[@]}" test -w "$new"; then
    die $OTHER "the account $account, as which PostgreSQL runs, can not write $new; set FLUXION_DATABASE_DATA to a folder that it can reach"
  fi

  say "Creating the database cluster ..."
  # shellcheck disable=SC2016
  # `cat |`: the pipe behind /dev/stdin must belong to the account that opens it again
  run "$home/initdb.log" "${as_server[@]}" sh -c 'cat | "$1" -D "$2" -U postgres --auth=scram-sha-256 --pwfile=/dev/stdin \
    --encoding=UTF8 --locale=C.UTF-8 --no-instructions' sh "$bin/initdb" "$new" <<<"$password" ||
    step_failed "$home/initdb.log" "$new" $OTHER "the database cluster could not be created"
  # Debian's TimescaleDB is the Apache edition, which runs no jobs: without workers its scheduler, which would
  # only fill the log with license errors, stays away. fsync and synchronous_commit stay on.
  "${as_server[@]}" tee -a "$new/postgresql.conf" >/dev/null 2>"$home/initdb.log" <<'E' ||

# --- Fluxion ---
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
shared_preload_libraries = 'timescaledb,pg_stat_statements'
max_connections = 200
max_worker_processes = 32
timescaledb.max_background_workers = 0
max_locks_per_transaction = 256
max_wal_size = 1GB
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
E
    step_failed "$home/initdb.log" "$new" $OTHER "the configuration could not be written"
  sync -f "$new" 2>/dev/null || true
  mv -T -- "$new" "$data"
  rm -f -- "$home/initdb.log"
}

# ---- the server -------------------------------------------------------------------------------------------

# Whether a process is PostgreSQL and lives in this data directory; status 2: there is none, or it is not to be told.
# Asked as the server's account, since root in a container may not look into the processes of others; and by its
# name first, which everybody may read.
lives_here() {          # PID
  local name links
  name=$(cat "/proc/$1/comm" 2>/dev/null) || return 2
  if [ "$name" != postgres ] || grep -q '^State:[[:space:]]*Z' "/proc/$1/status" 2>/dev/null; then return 1; fi
  links=$("${as_server[@]}" readlink -- "/proc/$1/cwd" "/proc/$1/exe" 2>/dev/null) || return 2
  [[ $links == "$(realpath -- "$data")"$'\n'*/postgres* ]]
}

server_processes() {    # the server and its children; one look at all, as a machine may run hundreds of other backends
  local pid
  for pid in $("${as_server[@]}" find /proc/[0-9]*/cwd -maxdepth 0 -lname "$(realpath -- "$data")" 2>/dev/null | cut -d / -f 3); do
    if lives_here "$pid"; then echo "$pid"; fi
  done
}

recorded_pid() {
  local pid; pid=$(head -n 1 -- "$data/postmaster.pid" 2>/dev/null) || return 0
  if [[ $pid =~ ^[0-9]+$ ]]; then echo "$pid"; fi
}

# The id of the running server, nothing when there is none. postmaster.pid alone does not tell: after a crash
# or a reboot the id in it may be that of any other program.
server_pid() {
  local pid; pid=$(recorded_pid)
  if [ -n "$pid" ] && lives_here "$pid"; then echo "$pid"; fi
}

server_port() { sed -n 4p -- "$data/postmaster.pid" 2>/dev/null || true; }

# Children that outlive a killed server hold its shared memory, and a new one refuses to start beside them.
end_orphans() {
  local deadline=$((SECONDS + ORPHAN_SECONDS)) orphans
  while [ -z "$(server_pid)" ] && orphans=$(server_processes) && [ -n "$orphans" ]; do
    if [ $SECONDS -ge $deadline ]; then
      # shellcheck disable=SC2086
      kill -KILL $orphans 2>/dev/null || true
    fi
    sleep 0.1
  done
  # PostgreSQL takes any living process of the same account for the server that wrote postmaster.pid, and refuses
  # an empty file, which a full disk or a power failure can leave.
  local pid here=0; pid=$(recorded_pid)
  if [ -n "$pid" ]; then lives_here "$pid" || here=$?; else here=1; fi
  if [ "$here" = 1 ]; then rm -f -- "$data/postmaster.pid"; fi
}

answers() { "${as_server[@]}" "$bin/pg_isready" -q -h 127.0.0.1 -p "$1" 9>&-; }

in_use() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

start_server() {        # PORT
  local wanted=$1 port=$1 attempts=20 log=$data/server.log from deadline=$((SECONDS + ANSWER_SECONDS)) pid told=
  end_orphans
  while [ -z "$(server_pid)" ]; do
    if [ "$wanted" = 0 ]; then port=$((20000 + RANDOM % 10000)); fi     # below the range of outgoing connections
    if in_use "$port"; then
      if [ -n "$(server_pid)" ]; then break; fi
      if [ "$wanted" = 0 ] && [ $((--attempts)) -gt 0 ]; then continue; fi
      port_taken "$port"
    fi
    say "Starting PostgreSQL on 127.0.0.1:$port ..."
    if [ "$(stat -c %s -- "$log" 2>/dev/null || echo 0)" -gt $((LOG_MAX_MB * 1024 * 1024)) ]; then mv -f -- "$log" "$log.1"; fi
    from=$(($(stat -c %s -- "$log" 2>/dev/null || echo 0) + 1))
    launched=yes
    # pg_ctl starts the server in a session of its own: the Ctrl-C that ends the host does not reach it.
    if run "$home/start.log" "${as_server[@]}" "$bin/pg_ctl" -D "$data" -l "$log" -w -t "$ANSWER_SECONDS" -o "-p $port" start 9>&-; then
      break
    fi
    if [ -n "$(server_pid)" ]; then break; fi       # one that a killed run launched came first, or it recovers still
    launched=
    tail -c "+$from" -- "$log" >> "$home/start.log" 2>/dev/null || true
    if grep -q 'Address already in use' "$home/start.log"; then
      if [ "$wanted" = 0 ] && [ $((--attempts)) -gt 0 ]; then continue; fi
      port_taken "$port"
    fi
    step_failed "$home/start.log" "$data" $OTHER "the server did not start; its log is $log"
  done
  until port=$(server_port); [ -n "$port" ] && answers "$port"; do
    pid=$(server_pid)
    [ -n "$pid" ] || { launched=; die_showing "$log" $OTHER "the server ended while it was starting; its log is $log"; }
    [ $SECONDS -lt $deadline ] || die_showing "$log" $OTHER "the server (process $pid) does not answer after $ANSWER_SECONDS s; its log is $log"
    if [ -z "$told" ]; then told=yes; say "Waiting for PostgreSQL to accept connections (it may be recovering) ..."; fi
    sleep 0.1
  done
  rm -f -- "$home/start.log"
  if [ -n "$launched" ]; then
    launched=
    say "Ready: PostgreSQL 17 on 127.0.0.1:$port, started now"
  else
    say "Ready: PostgreSQL 17 on 127.0.0.1:$port, already running"
  fi
}

port_taken() {
  die $PORT_TAKEN "port $1 of 127.0.0.1 is taken by another program; end it, or set FLUXION_DATABASE_PORT to another port (0 for any free one)"
}

stop_server() {
  if [ -z "$(server_pid)" ]; then return 0; fi
  say "Stopping PostgreSQL ..."
  "${as_server[@]}" "$bin/pg_ctl" -D "$data" -m fast -w -t 60 stop >"$home/stop.log" 2>&1 ||
    [ -z "$(server_pid)" ] || die_showing "$home/stop.log" $OTHER "the server did not stop; its log is $data/server.log"
  rm -f -- "$home/stop.log"
}

# ---- the subcommands --------------------------------------------------------------------------------------

command=${1:-}
case $command in
  install)
    prepare; lock; install_server ;;
  start)
    port=${2:-${FLUXION_DATABASE_PORT:-5480}}
    if ! [[ $port =~ ^[0-9]{1,5}$ ]] || [ "$port" -gt 65535 ]; then die $USAGE "'$port' is not a port (0 to 65535)"; fi
    prepare; lock; install_server; create_cluster; start_server "$port" ;;
  stop)
    trap '' INT         # the Ctrl-C that ended the host must not end its clean-up
    prepare; lock; stop_server ;;
  status)
    prepare
    [ -n "$(server_pid)" ] || { say "PostgreSQL is not running (data: $data)"; exit $NOT_RUNNING; }
    say "PostgreSQL runs on 127.0.0.1:$(server_port), process $(server_pid) (data: $data)" ;;
  wipe)
    prepare; lock; stop_server
    if [ ! -f "$data/PG_VERSION" ] && [ -n "$(ls -A -- "$data" 2>/dev/null)" ]; then die $OTHER "$data is not a database: nothing was deleted"; fi
    say "Deleting $data ..."
    rm -rf -- "$data" "$data.new" ;;
  -h | --help | help) usage ;;
  *) usage >&2; exit $USAGE ;;
esac
