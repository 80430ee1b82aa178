#!/usr/bin/env bash
# Sees to it that the programs are there that a piece of work needs, from Debian's
# or Ubuntu's own packages, without what those merely recommend.
#
#   hack/deps.sh engine    docker.io, its client and iptables: an engine, and what starting it by hand takes
#   hack/deps.sh current   gcc, libseccomp and pkg-config besides, which building the newest runc takes
#   hack/deps.sh test      gcc for the race detector, strace for crashes, curl and python3 for the documents' examples;
#                          promtool and prometheus, into the cache
#   hack/deps.sh prom      promtool and prometheus alone
#   hack/deps.sh tls       openssl
#   hack/deps.sh check     shellcheck
#
# What is there already is left alone, wherever it came from. Without root, or
# elsewhere than on Debian, it names what is missing and ends with 1.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin

cache=${RECONCILER_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/reconciler}

say() { printf 'deps: %s\n' "$*" >&2; }
die() {
	say "$*"
	exit 1
}

# present PACKAGE: is there what it would bring?
present() {
	case $1 in
	docker.io) command -v dockerd ;;
	docker-cli) command -v docker ;;
	libc6-dev) [ -e /usr/include/stdio.h ] ;;
	iproute2) command -v ip ;;
	procps) command -v pgrep ;;
	libseccomp-dev) pkg-config --exists libseccomp ;;
	*) command -v "$1" ;;
	esac >/dev/null 2>&1
}

# need PACKAGE…: installs those that are missing.
need() {
	local p
	for p in "$@"; do
		present "$p" && continue
		command -v apt-get >/dev/null || die "$p is missing, and this is neither Debian nor Ubuntu: install what it is called here"
		[ "$(id -u)" = 0 ] || die "$p is missing: run this as root, or: apt-get install --no-install-recommends $p"
		say "installing $p"
		refresh
		# RUNLEVEL keeps it from starting its service; where systemd does so all
		# the same, that one is as good.
		DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -qq -y --no-install-recommends "$p" >&2 </dev/null ||
			die "could not install $p"
	done
}

# refresh: the package lists, once in a run.
refresh() {
	[ -n "${refreshed:-}" ] || apt-get update -qq >&2 || die "apt-get update failed: is there a network?"
	refreshed=yes
}

# prometheus: the binaries alone, unpacked into the cache: the installed package
# would run a server on this machine.
prometheus() {
	local bin=$cache/prometheus/usr/bin part
	command -v promtool >/dev/null && command -v prometheus >/dev/null && return
	[ -x "$bin/promtool" ] && return
	command -v apt-get >/dev/null || die "promtool is missing, and this is neither Debian nor Ubuntu: install Prometheus"
	say "unpacking promtool and prometheus into the cache"
	[ "$(id -u)" != 0 ] || refresh
	mkdir -p "$cache"
	part=$(mktemp -d "$cache/part.XXXXXX")
	(cd "$part" && apt-get download -qq prometheus >/dev/null 2>&1 && dpkg-deb -x prometheus_*.deb root) || die "could not unpack prometheus"
	rm -rf "$cache/prometheus"
	mv "$part/root" "$cache/prometheus"
	rm -rf "$part"
}

case ${1:-} in
# The client is a package of its own since Debian 13.
engine) need docker.io docker-cli iptables iproute2 procps ;;
current) need gcc libc6-dev pkg-config libseccomp-dev iptables iproute2 procps ;;
test)
	need gcc libc6-dev strace curl python3
	prometheus
	;;
prom) prometheus ;;
tls) need openssl ;;
check) need shellcheck ;;
*)
	sed -n '2,14s/^# \{0,1\}//p' "$0" >&2
	exit 2
	;;
esac
