#!/usr/bin/env bash
# Installs what stands in for a Linux bastion: a real sshd, a real rsyslogd, a real journald. What is there already stays.
# Ends with 1 and the reason where something is missing that it may not install.
set -euo pipefail
needed=(/usr/sbin/sshd /usr/bin/ssh /usr/sbin/rsyslogd /usr/bin/journalctl /lib/systemd/systemd-journald)
missing=0
for program in "${needed[@]}"; do [ -x "$program" ] || missing=1; done
for program in ip nsenter unshare su sudo; do command -v "$program" >/dev/null || missing=1; done
if [ "$(id -u)" != 0 ]; then
    echo 'The Linux tests make namespaces, users and a network of their own, so they need root.' >&2
    exit 1
fi
if [ "$missing" = 1 ]; then
    packages=(openssh-server openssh-client rsyslog systemd iproute2 util-linux login sudo)
    if ! command -v apt-get >/dev/null; then
        echo "The Linux tests need, as Debian calls them: ${packages[*]}" >&2
        exit 1
    fi
    # Nothing of it is to start on this machine.
    policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' > "$policy"
        chmod 755 "$policy"
        trap 'rm -f "$policy"' EXIT
    fi
    apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${packages[@]}"
fi
