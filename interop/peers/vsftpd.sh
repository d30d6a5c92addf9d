#!/bin/sh
# vsftpd.sh FOLDER PROGRAM: vsftpd with users, groups and PAM of its own. It asks the system for them and can be told no
# other place, so this process has a view of the files of its own, which goes when it does.
set -e
if [ "$3" != inside ]; then
    exec unshare --mount /bin/sh "$0" "$1" "$2" inside
fi
mount --bind "$1/passwd" /etc/passwd
mount --bind "$1/group" /etc/group
mount --bind "$1/pam.d" /etc/pam.d
exec "$2" "$1/vsftpd.conf"
