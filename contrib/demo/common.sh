# SPDX-License-Identifier: ISC
# shellcheck shell=bash
#
# For the scripts beside this one: a server for this machine alone, in a folder of its
# own, behind systemd-socket-activate. Everything that is started is ended by
# demo_close, which runs however the script ends.

set -euo pipefail
unset XDG_CONFIG_HOME XDG_STATE_HOME

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
BIN=$(cd "$ROOT" && realpath "${POSTERN_BIN:-build/bin}")
DIR=$ROOT/build/$(basename "$0")
HERE=localhost
# A machine that was set up in a hurry may not know its own name.
getent ahosts localhost >/dev/null || HERE=127.0.0.1
declare -a STARTED=() # process ids; of a server, its group's, with a minus before it

fail() {
	echo "$(basename "$0"): $*" >&2
	exit 1
}

[ -x "$BIN"/postern-smtpd ] || fail "there is no $BIN/postern-smtpd: run make first"

# Whether a process, or with a minus before its id any of its group, is there and is not
# merely waiting for whoever inherits it to take notice of its end.
is_alive() {
	local stat line pid state group
	for stat in /proc/[0-9]*/stat; do
		read -r line 2>/dev/null <"$stat" || continue
		pid=${line%% *}
		read -r state _ group _ <<<"${line##*) }"
		[ "$state" != Z ] || continue
		case $1 in
		"$pid" | "-$group") return 0 ;;
		esac
	done
	return 1
}

# Ends what was started, each by its id, and waits for it. A server is the leader of a
# group, its handlers are in it: they finish what they are at and leave.
demo_close() {
	local pid tries
	# A second signal changes nothing.
	trap '' INT TERM
	for pid in "${STARTED[@]}"; do
		kill -- "$pid" 2>/dev/null || true
		for ((tries = 0; tries < 150; tries++)); do
			is_alive "$pid" || break
			sleep 0.1
		done
		kill -KILL -- "$pid" 2>/dev/null || true
		wait "${pid#-}" 2>/dev/null || true
	done
	STARTED=()
}
trap demo_close EXIT
trap 'exit 141' PIPE

# Whom the server becomes: as root nobody, if nobody can reach the folder (a clone below
# root's home is closed to all others); otherwise whoever we are.
demo_user() {
	if [ "$(id -u)" != 0 ]; then
		id -un
	elif setpriv --reuid nobody --regid nogroup --clear-groups test -x "$1"; then
		echo nobody
	else
		echo root
	fi
}

# demo_keys NAME...: a CA, the server's pair and a bundle for each name, once.
demo_keys() {
	mkdir -p "$DIR"/home
	if [ ! -e "$DIR"/keys/server.pem ]; then
		"$BIN"/postern-keys init --dir "$DIR"/keys \
			--host localhost --host 127.0.0.1 >/dev/null
	fi
	local name
	for name in "$@"; do
		[ ! -e "$DIR/keys/clients/$name" ] || continue
		"$BIN"/postern-keys issue "$name" --dir "$DIR"/keys >/dev/null
	done
}

# demo_configure NAME [LINE]...: writes $DIR/NAME.conf, with further lines of
# configuration.
demo_configure() {
	local name=$1 user
	shift
	mkdir -p "$DIR"/state "$DIR"/mail "$DIR"/run "$DIR"/cache
	chmod 700 "$DIR"/state "$DIR"/mail "$DIR"/run "$DIR"/cache
	user=$(demo_user "$DIR")
	{
		echo "user = $user"
		echo "hostname = 447.edu"
		echo "domains = 447.edu"
		echo "recipients = any"
		echo "tls_cert = $DIR/keys/server.pem"
		echo "tls_key = $DIR/keys/server.key"
		echo "tls_ca = $DIR/keys/ca.pem"
		echo "users = $DIR/state/users"
		echo "run = $DIR/run"
		echo "cache = $DIR/cache"
		echo "deliver = maildir:$DIR/mail"
		echo "log = file:$DIR/log"
		printf '%s\n' "$@"
	} >"$DIR/$name.conf"
	[ "$(id -u)" != 0 ] || [ "$user" = root ] || chown -R "$user": "$DIR"
}

# demo_listen NAME PORT: opens 127.0.0.1:PORT for $DIR/NAME.conf. Returns once the port
# is open, or 1 where it cannot be opened. What is said of connections goes to
# $DIR/supervisor.
demo_listen() {
	local said line fifo=$DIR/fifo
	rm -f "$fifo"
	mkfifo "$fifo"
	setsid systemd-socket-activate --accept -l "127.0.0.1:$2" \
		"$BIN"/postern-smtpd -c "$DIR/$1.conf" </dev/null >"$fifo" 2>&1 &
	SERVER=$!
	exec {said}<"$fifo"
	rm -f "$fifo"
	while read -r -u "$said" line; do
		if [[ $line == Listening* ]]; then
			STARTED+=("-$SERVER")
			cat <&"$said" >>"$DIR"/supervisor &
			exec {said}<&-
			return 0
		fi
	done
	exec {said}<&-
	wait "$SERVER" || true
	return 1
}

# demo_open NAME: opens a free port, and sets PORT.
demo_open() {
	local try
	for try in {1..50}; do
		PORT=$((20000 + RANDOM % 40000))
		demo_listen "$1" "$PORT" && return 0
	done
	fail "no free port found in $try tries"
}

# demo_client NAME [OPTION]...: the client, with the bundle of NAME, and a home of its
# own.
demo_client() {
	local bundle=$DIR/keys/clients/$1
	shift
	HOME=$DIR/home "$BIN"/postern --cert "$bundle"/cert.pem --key "$bundle"/key.pem \
		--ca "$bundle"/ca.pem "$@" "$HERE" "$PORT"
}
