#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# x11-later.sh DIR KEPT… -- SANDBOXCTL PROFILE GRANTED: in a mount namespace of its own, with a /tmp in which there is
# nothing but the KEPT. While an application under PROFILE runs, a display and a session manager come up, neither of
# which asks for a cookie. Prints what it sees of them, and what one under GRANTED does.
set -eu

dir=$1
shift
mkdir "$dir/t"
mount -t tmpfs -o mode=1777 tmpfs "$dir/t"
while [ "$1" != -- ]; do
  [ -d "$dir/t/${1#/tmp/}" ] || mkdir "$dir/t/${1#/tmp/}"
  mount --rbind "$1" "$dir/t/${1#/tmp/}"
  shift
done
mount --rbind "$dir/t" /tmp
cd /
shift

await() {
  until [ -e "$1" ]; do sleep 0.05; done
}

marks=$dir/tmp # open to both profiles
# shellcheck disable=SC2016
setpriv --ambient-caps=-all --inh-caps=-all -- "$1" run "--profile=$2" -- sh -c '
  touch "$1/there"
  until [ -e "$1/go" ]; do sleep 0.05; done
  ls -A /tmp/.X11-unix /tmp/.ICE-unix
  DISPLAY=:$(cat "$1/number") xdpyinfo >/dev/null 2>&1 && echo inside
  exit 0' sh "$marks" &
application=$!
await "$marks/there"
stat -c %a /tmp/.X11-unix /tmp/.ICE-unix

Xvfb -displayfd 3 3>"$marks/number" 2>/dev/null &
server=$!
python3 -c '
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.bind("/tmp/.ICE-unix/1")
s.listen()
open(sys.argv[1], "w")
s.accept()' "$marks/manager" &
manager=$!
trap 'kill $server $manager; wait' EXIT
until [ -s "$marks/number" ]; do sleep 0.05; done
await "$marks/manager"
DISPLAY=:$(cat "$marks/number")
export DISPLAY
xdpyinfo >/dev/null && echo outside
touch "$marks/go"
wait "$application"
setpriv --ambient-caps=-all --inh-caps=-all -- "$1" run "--profile=$3" -- sh -c 'xdpyinfo >/dev/null && echo granted; ls -A /tmp/.X11-unix /tmp/.ICE-unix'
