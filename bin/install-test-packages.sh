#!/usr/bin/env bash
# Installs from Debian what the tests need and this machine lacks: PostgreSQL, Chromium, nginx, Azure CLI (with its msal).
# Packages may not start services of their own; the tests start what they need, on loopback, and stop it again.
set -euo pipefail

missing=()
[ -n "$(ls /usr/lib/postgresql/*/bin/initdb 2>/dev/null)" ] || missing+=(postgresql)
command -v chromium >/dev/null || missing+=(chromium)
[ -x /usr/sbin/nginx ] || missing+=(nginx-light)
command -v az >/dev/null || missing+=(azure-cli python3-msal)
[ ${#missing[@]} -eq 0 ] && exit 0

if ! command -v apt-get >/dev/null; then
  echo "latchkey: the tests need ${missing[*]}; install them with your system's package manager, then run the tests again" >&2
  exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
  echo "latchkey: the tests need ${missing[*]}. Run this once, then the tests again:  sudo bash bin/install-test-packages.sh" >&2
  exit 1
fi

echo "latchkey: installing ${missing[*]} for the tests (once) …" >&2
# policy-rc.d 101 = "not allowed": no package starts a service while we install.
policy=/usr/sbin/policy-rc.d
made=
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod +x "$policy"
  made=yes
fi
trap '[ -z "$made" ] || rm -f "$policy"' EXIT
# Debian's PostgreSQL packages make a cluster on installation; the tests make their own.
mkdir -p /etc/postgresql-common
[ -e /etc/postgresql-common/createcluster.conf ] || echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
