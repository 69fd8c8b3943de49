/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every bus name, path, action and environment variable of the project, in one place. */
#pragma once

/* D-Bus */
#define SBX_BUS_NAME "org.example.Sandbox"
#define SBX_MANAGER_PATH "/org/example/Sandbox"
#define SBX_MANAGER_INTERFACE "org.example.Sandbox"
#define SBX_INSTANCE_INTERFACE "org.example.Sandbox.Instance"
#define SBX_INSTANCES_PATH SBX_MANAGER_PATH "/instances"
#define SBX_ERROR_PREFIX "org.example.Sandbox.Error."

/* polkit: one action per privilege class, see data/polkit-1 */
#define SBX_ACTION_LAUNCH "org.example.Sandbox.launch"
#define SBX_ACTION_EXTEND_FILES "org.example.Sandbox.extend-files"
#define SBX_ACTION_EXTEND_NETWORK "org.example.Sandbox.extend-network"
#define SBX_ACTION_EXTEND_DEVICES "org.example.Sandbox.extend-devices"
#define SBX_ACTION_EXTEND_BUS "org.example.Sandbox.extend-bus"
#define SBX_ACTION_EXTEND_DISPLAY "org.example.Sandbox.extend-display"
#define SBX_ACTION_ATTACH "org.example.Sandbox.attach"
#define SBX_ACTION_CONTROL "org.example.Sandbox.control"
#define SBX_ACTION_OBSERVE "org.example.Sandbox.observe"

/* Below $XDG_RUNTIME_DIR, $XDG_DATA_HOME, $XDG_CONFIG_HOME and $XDG_STATE_HOME; wire/layout.h has what is in the first
 */
#define SBX_RUNTIME_SUBDIR "sandbox"

/* Below the first: the socket of `sandboxd --session`, beside those of services on a bus (common/session-bus.h) */
#define SBX_SERVICE_SOCKET "service"

/* Below $datadir, /etc and $XDG_CONFIG_HOME */
#define SBX_PROFILE_SUBDIR "sandbox/profiles"
#define SBX_PROFILE_SUFFIX ".profile"

/* Where the programs look for each other and for their data, in preference to the installed places. For the build
 * tree and the tests; SBX_ENV_PROFILE_PATH is a colon-separated list "vendor:admin:user" that replaces all three. */
#define SBX_ENV_LIBEXECDIR "SANDBOX_LIBEXECDIR"
#define SBX_ENV_PROFILE_PATH "SANDBOX_PROFILE_PATH"
#define SBX_ENV_BWRAP "SANDBOX_BWRAP"
#define SBX_ENV_DBUS_PROXY "SANDBOX_DBUS_PROXY"
#define SBX_ENV_XEPHYR "SANDBOX_XEPHYR"
#define SBX_ENV_SLIRP "SANDBOX_SLIRP4NETNS"
#define SBX_ENV_XVFB "SANDBOX_XVFB"
/* "1": sandboxd may be traced and looked into by its user, to find faults in it */
#define SBX_ENV_DUMPABLE "SANDBOX_DUMPABLE"
/* How many sandboxes sandboxd keeps ready, where --prepared does not say; "0": none */
#define SBX_ENV_PREPARED "SANDBOX_PREPARED"
/* How many sandboxes may run at a time, where --max-instances does not say; "0": as the machine has room for */
#define SBX_ENV_MAX_INSTANCES "SANDBOX_MAX_INSTANCES"
/* "session" (default), "none": always a private peer-to-peer service */
#define SBX_ENV_BUS "SANDBOX_BUS"

/* Exit status of sandboxctl, see docs/man/sandboxctl.1 */
#define SBX_EXIT_TIMEOUT 124
#define SBX_EXIT_SANDBOX 125
#define SBX_EXIT_NOT_EXECUTABLE 126
#define SBX_EXIT_NOT_FOUND 127
#define SBX_EXIT_SIGNAL_BASE 128
