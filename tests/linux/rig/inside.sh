# Makes this mount namespace a bastion of its own below FOLDER, and becomes its log: called as unshare --mount sh inside.sh
# FOLDER journal|files. /dev, /run, /var/log and the users are its own; nothing of it is left when the last process ends.
set -eu
folder=$1 log=$2
mount --make-rprivate /
mkdir -p "$folder/dev"
mount -t tmpfs -o mode=755 tmpfs "$folder/dev"
for node in null zero full random urandom tty; do
    touch "$folder/dev/$node"
    mount --bind "/dev/$node" "$folder/dev/$node"
done
mkdir "$folder/dev/pts" "$folder/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5 devpts "$folder/dev/pts"
ln -s pts/ptmx "$folder/dev/ptmx"
ln -s /proc/self/fd "$folder/dev/fd"
mount --rbind "$folder/dev" /dev
mount -t tmpfs -o mode=755 tmpfs /run
mount -t tmpfs -o mode=755 tmpfs /var/log
mkdir -p /run/sshd /run/lock /run/systemd/journal /var/log/journal
touch /run/utmp /var/log/wtmp /var/log/lastlog /run/systemd/journal/flushed
install -m 600 /dev/null /var/log/btmp
for file in passwd shadow group; do mount --bind "$folder/etc/$file" "/etc/$file"; done
for file in sshd su su-l sudo sudo-i login; do
    [ ! -e "/etc/pam.d/$file" ] || mount --bind "$folder/etc/pam" "/etc/pam.d/$file"
done
[ ! -e /etc/sudoers ] || mount --bind "$folder/etc/sudoers" /etc/sudoers
if [ "$log" = journal ]; then
    ln -s /run/systemd/journal/dev-log /dev/log
    if [ -e /etc/systemd/journald.conf ]; then mount --bind "$folder/etc/journald.conf" /etc/systemd/journald.conf; fi
    exec /lib/systemd/systemd-journald
fi
exec /usr/sbin/rsyslogd -n -f "$folder/etc/rsyslog.conf" -i /run/rsyslogd.pid
