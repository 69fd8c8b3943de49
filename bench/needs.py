# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a measurement stands on and this machine has not: said at once, with what to install, and not halfway through."""
import os, shutil, sys

# Program → package of Debian
PACKAGES = {
    "bwrap": "bubblewrap",
    "cc": "gcc",
    "chown": "coreutils",
    "dbus-daemon": "dbus-daemon",
    "dbus-run-session": "dbus-daemon",
    "flatpak": "flatpak",
    "git": "git",
    "ldd": "libc-bin",
    "meson": "meson",
    "ninja": "ninja-build",
    "ostree": "ostree",
    "perf": "linux-perf",
    "ps": "procps",
    "tar": "tar",
    "useradd": "passwd",
    "xargs": "findutils",
    "awk": "mawk",
}


def programs(who, *names, instead=""):
    """Ends the program @who with a sentence where one of @names is not installed. @instead says what else helps."""
    path = os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin"  # useradd is no ordinary user's
    missing = [name for name in names if not shutil.which(name, path=path)]
    if missing:
        packages = " ".join(sorted({PACKAGES[name] for name in missing}))
        sys.exit(f"{who}: {' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not installed: "
                 f"apt-get install {packages}{instead}")


def built(who, build, *paths):
    """The same for programs of a build directory, such as "bench/loops"."""
    for path in paths:
        if not os.path.exists(os.path.join(build, path)):
            known = os.path.exists(os.path.join(build, "build.ninja"))
            setup = f"meson configure -Dbench=true {build}" if known else f"meson setup -Dbench=true {build}"
            sys.exit(f"{who}: {os.path.join(build, path)} is not there: {setup} && ninja -C {build}")
