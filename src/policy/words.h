/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every word that a policy knows, one row each. The row says all of the word:
 *
 *   name       its constant: a bit of a set, or a level, in the order of the rows
 *   word       as profiles and options write it
 *   class_     what polkit is asked for when a policy has it beyond what is approved; a level has the class of its key
 *   implies    other bits that come with it
 *   meaning    for people, after "a program ..."; NULL: goes without saying
 *   marked     TRUE: reaches the user's data or session
 *   also       a second line, said once for all the neighbouring words that have it
 *   absent     the line for a policy that does not have the word
 *   tacit      TRUE: is not written down where another word implies it
 *   risk       for the score: an id for programs, how much of what was safe so far it lays open (of 1000), and why.
 *              About 900: a way out of the sandbox. 400 to 600: your data or what you type can be taken. 100 to 300:
 *              something worth having can be reached. Below: more surface, or a nuisance. Words with one id count once.
 *   with       another meaning and a further risk, for when a level of another key is at least so much
 *
 * policy.h makes the constants of these rows. vocabulary.c makes the table that all others read: profiles, the policy
 * options of sandboxctl and their completion, what `explain` says, and the score. A new word is a row here, what does
 * it in src/plan, and a test. */
#pragma once

/* clang-format off */

#define SBX_SHARED_WORDS(ROW)                                                                                          \
  ROW (SBX_SHARED_NETWORK, "network", .class_ = SBX_CLASS_NETWORK, .implies = SBX_SHARED_PRIVATE_NETWORK,              \
       .marked = TRUE,                                                                                                 \
       .meaning = N_ ("reaches the network, the local one and this machine too, as you do"),                           \
       .risk = { "network", 150, N_ ("can reach the Internet, your local network and services of this machine") })     \
  ROW (SBX_SHARED_IPC, "ipc", .class_ = SBX_CLASS_DEVICES, .marked = TRUE,                                             \
       .meaning = N_ ("shares memory and message queues with everything of yours"),                                    \
       .risk = { "ipc", 250, N_ ("shares memory and message queues with everything else of yours") })                  \
  /* A network of its own with a border (keeper/border.h): none < private-network < network */                         \
  ROW (SBX_SHARED_PRIVATE_NETWORK, "private-network", .class_ = SBX_CLASS_NETWORK, .tacit = TRUE,                      \
       .meaning = N_ ("reaches the Internet, and neither this machine nor your local network"),                        \
       .absent = N_ ("has no network"),                                                                                \
       .risk = { "network", 10, N_ ("has a network of its own, which leads nowhere") }) /* where: score.c */

#define SBX_WINDOWS_ALSO N_ ("reads your fonts, icons and themes, for its windows")
#define SBX_WINDOWS_RISK { "windows", 40, N_ ("shows windows, and sees what you do in them") }
#define SBX_AUDIO_RISK { "audio", 120, N_ ("plays sound, and may listen through the microphone") }

#define SBX_SOCKET_WORDS(ROW)                                                                                          \
  ROW (SBX_SOCKET_WAYLAND, "wayland", .class_ = SBX_CLASS_DISPLAY,                                                     \
       .meaning = N_ ("shows windows (Wayland)"), .also = SBX_WINDOWS_ALSO, .risk = SBX_WINDOWS_RISK)                  \
  ROW (SBX_SOCKET_X11, "x11", .class_ = SBX_CLASS_DISPLAY, .implies = SBX_SOCKET_FALLBACK_X11,                         \
       .meaning = N_ ("shows windows (X11) on a display of its own"), .also = SBX_WINDOWS_ALSO,                        \
       .with = { SBX_LEVEL_X11, SBX_X11_SHARED, TRUE,                                                                  \
                 N_ ("shows windows (X11): can read every key and every window"),                                      \
                 { "x11", 450,                                                                                         \
                   N_ ("can read every key and every window of the session, and type into them (X11)") } })            \
  /* X11 only where there is no Wayland */                                                                             \
  ROW (SBX_SOCKET_FALLBACK_X11, "fallback-x11", .class_ = SBX_CLASS_DISPLAY,                                           \
       .meaning = N_ ("shows windows (X11) on a display of its own where there is no Wayland"),                        \
       .also = SBX_WINDOWS_ALSO, .risk = SBX_WINDOWS_RISK,                                                             \
       .with = { SBX_LEVEL_X11, SBX_X11_SHARED, TRUE,                                                                  \
                 N_ ("shows windows (X11) where there is no Wayland: can read every key and every window then"),       \
                 { "fallback-x11", 100,                                                                                \
                   N_ ("where there is no Wayland, can read every key and every window (X11)") } })                    \
  ROW (SBX_SOCKET_PULSEAUDIO, "pulseaudio", .class_ = SBX_CLASS_DISPLAY, .marked = TRUE,                               \
       .meaning = N_ ("plays sound, and may listen through the microphone"), .risk = SBX_AUDIO_RISK)                   \
  ROW (SBX_SOCKET_PIPEWIRE, "pipewire", .class_ = SBX_CLASS_DISPLAY, .marked = TRUE,                                   \
       .meaning = N_ ("plays sound and video (PipeWire), and may use microphone and camera"), .risk = SBX_AUDIO_RISK)  \
  ROW (SBX_SOCKET_CUPS, "cups", .class_ = SBX_CLASS_DEVICES,                                                           \
       .meaning = N_ ("prints"), .risk = { "printer", 30, N_ ("can print") })                                          \
  ROW (SBX_SOCKET_GPG_AGENT, "gpg-agent", .class_ = SBX_CLASS_FILES, .marked = TRUE,                                   \
       .meaning = N_ ("can sign and decrypt with your GnuPG keys"),                                                    \
       .risk = { "gpg-agent", 400, N_ ("can sign and decrypt with your GnuPG keys while it runs") })                   \
  ROW (SBX_SOCKET_SSH_AUTH, "ssh-auth", .class_ = SBX_CLASS_FILES, .marked = TRUE,                                     \
       .meaning = N_ ("can log in elsewhere with your SSH keys"),                                                      \
       .risk = { "ssh-agent", 500, N_ ("can log in elsewhere with your SSH keys while it runs") })                     \
  ROW (SBX_SOCKET_SESSION_BUS, "session-bus", .class_ = SBX_CLASS_BUS, .marked = TRUE,                                 \
       .meaning = N_ ("reaches the whole session bus: can start anything outside"),                                    \
       .risk = { "session-bus", 900, N_ ("reaches the whole session bus, and can start anything outside") })           \
  ROW (SBX_SOCKET_SYSTEM_BUS, "system-bus", .class_ = SBX_CLASS_BUS, .marked = TRUE,                                   \
       .meaning = N_ ("reaches the whole system bus: network, power and disks as you do"),                             \
       .risk = { "system-bus", 350, N_ ("reaches the whole system bus: network, power, disks, as you do") })           \
  ROW (SBX_SOCKET_PCSC, "pcsc", .class_ = SBX_CLASS_DEVICES, .marked = TRUE,                                           \
       .meaning = N_ ("uses smart cards and security keys"),                                                           \
       .risk = { "smart-cards", 250, N_ ("can use smart cards and security keys") })

#define SBX_DEVICE_WORDS(ROW)                                                                                          \
  ROW (SBX_DEVICE_DRI, "dri", .class_ = SBX_CLASS_DEVICES,                                                             \
       .meaning = N_ ("uses the graphics card"),                                                                       \
       .risk = { "graphics-card", 60, N_ ("uses the graphics card, and so the kernel's graphics driver") })            \
  ROW (SBX_DEVICE_INPUT, "input", .class_ = SBX_CLASS_DEVICES, .marked = TRUE,                                         \
       .meaning = N_ ("reads keyboards and other input devices"),                                                      \
       .risk = { "input-devices", 500, N_ ("can read keyboards and other input devices directly") })                   \
  ROW (SBX_DEVICE_KVM, "kvm", .class_ = SBX_CLASS_DEVICES,                                                             \
       .meaning = N_ ("runs virtual machines"), .risk = { "kvm", 100, N_ ("runs virtual machines") })                  \
  /* The host's /dev/shm */                                                                                            \
  ROW (SBX_DEVICE_SHM, "shm", .class_ = SBX_CLASS_DEVICES, .marked = TRUE,                                             \
       .meaning = N_ ("reads and changes memory that other programs share (/dev/shm)"),                                \
       .risk = { "host-shm", 300, N_ ("can read and change memory that other programs share (/dev/shm)") })            \
  ROW (SBX_DEVICE_USB, "usb", .class_ = SBX_CLASS_DEVICES, .marked = TRUE,                                             \
       .meaning = N_ ("uses USB devices directly"),                                                                    \
       .risk = { "usb", 250, N_ ("can use USB devices directly, sticks and security keys among them") })               \
  ROW (SBX_DEVICE_CAMERA, "camera", .class_ = SBX_CLASS_DEVICES, .marked = TRUE,                                       \
       .meaning = N_ ("sees through your cameras"),                                                                    \
       .risk = { "cameras", 250, N_ ("can see through your cameras at any time") })                                    \
  ROW (SBX_DEVICE_SOUND, "sound", .class_ = SBX_CLASS_DEVICES, .marked = TRUE,                                         \
       .meaning = N_ ("uses the sound cards directly, microphones too"), .risk = SBX_AUDIO_RISK)                       \
  ROW (SBX_DEVICE_FIDO, "fido", .class_ = SBX_CLASS_DEVICES, .marked = TRUE,                                           \
       .meaning = N_ ("asks your security keys, which you touch to agree"),                                            \
       .risk = { "security-keys", 100, N_ ("can ask your security keys, which you touch to agree") })                  \
  ROW (SBX_DEVICE_HIDRAW, "hidraw", .class_ = SBX_CLASS_DEVICES, .implies = SBX_DEVICE_FIDO, .marked = TRUE,           \
       .meaning = N_ ("uses game controllers, keyboards and other such devices directly (hidraw)"),                    \
       .risk = { "input-devices", 500, N_ ("can read keyboards and other input devices directly") })                   \
  /* The host's /dev; whatever is added above belongs to what it implies */                                            \
  ROW (SBX_DEVICE_ALL, "all", .class_ = SBX_CLASS_DEVICES, .implies = SBX_DEVICE_ALL - 1, .marked = TRUE,              \
       .meaning = N_ ("uses every device that you can use: cameras, disks, keyboards"),                                \
       .risk = { "all-devices", 500, N_ ("can use every device that you can use, cameras and disks among them") })

#define SBX_FEATURE_WORDS(ROW)                                                                                         \
  /* perf_event_open, personality */                                                                                   \
  ROW (SBX_FEATURE_DEVEL, "devel", .class_ = SBX_CLASS_DEVICES,                                                        \
       .meaning = N_ ("may measure and trace its own processes"),                                                      \
       .risk = { "devel", 40, N_ ("can measure and trace its own processes") })                                        \
  /* User namespaces of its own: browsers, nested bwrap */                                                             \
  ROW (SBX_FEATURE_USERNS, "userns", .class_ = SBX_CLASS_DEVICES,                                                      \
       .meaning = N_ ("makes sandboxes of its own inside"),                                                            \
       .risk = { "user-namespaces", 100, N_ ("makes sandboxes of its own, which needs more of the kernel") })          \
  /* The instance lives until its last process has ended */                                                            \
  ROW (SBX_FEATURE_BACKGROUND, "background", .class_ = SBX_CLASS_DEVICES,                                              \
       .meaning = N_ ("goes on in the background when its window is closed"))                                          \
  /* System calls of 32-bit programs */                                                                                \
  ROW (SBX_FEATURE_MULTIARCH, "multiarch", .class_ = SBX_CLASS_DEVICES,                                                \
       .meaning = N_ ("runs 32-bit programs"),                                                                         \
       .risk = { "multiarch", 60, N_ ("uses the kernel's interface for 32-bit programs") })                            \
  /* Started by root, be uid 0 inside too */                                                                           \
  ROW (SBX_FEATURE_ROOT, "root", .class_ = SBX_CLASS_DEVICES,                                                          \
       .meaning = N_ ("is root inside when root starts it"),                                                           \
       .risk = { "root-inside", 40, N_ ("is root inside when root starts it") })                                       \
  /* Go on where the kernel has no Landlock; then it is not inferiors-only, and says so */                             \
  ROW (SBX_FEATURE_NO_LANDLOCK, "no-landlock", .class_ = SBX_CLASS_DEVICES, .marked = TRUE,                            \
       .meaning = N_ ("starts even where its /proc cannot be limited"),                                                \
       .risk = { "no-landlock", 150, N_ ("starts even where the kernel cannot hide other processes from it") })        \
  /* With USERNS: go on where the application can undo what is closed */                                               \
  ROW (SBX_FEATURE_WEAK_COVERS, "weak-covers", .class_ = SBX_CLASS_FILES, .marked = TRUE,                              \
       .meaning = N_ ("starts even where it can undo what is closed in what it may write"),                            \
       .risk = { "weak-covers", 850,                                                                                   \
                 N_ ("with user namespaces, can put files of its own in the place of your profiles") })                \
  /* No notification asks for what it was refused (daemon/asking); gives it nothing, and so has no class */            \
  ROW (SBX_FEATURE_QUIET, "quiet", .meaning = N_ ("is refused things without a question to you"))

/* Levels from here on: each row allows all that the rows before it allow. */

/* Whose X server the sockets x11 and fallback-x11 lead to: one of the sandbox's own, or the user's */
#define SBX_X11_WORDS(ROW)                                                                                             \
  ROW (SBX_X11_NESTED, "nested")                                                                                       \
  ROW (SBX_X11_SHARED, "shared")

/* How files that the caller hands over with the command are opened up */
#define SBX_FORWARD_WORDS(ROW)                                                                                         \
  ROW (SBX_ACCESS_NONE, "none")                                                                                        \
  ROW (SBX_ACCESS_RO, "ro", .meaning = N_ ("reads the files that you open with it"),                                   \
       .risk = { "forward-read", 10, N_ ("reads the files that you open with it") })                                   \
  ROW (SBX_ACCESS_RW, "rw", .meaning = N_ ("reads and changes the files that you open with it"),                       \
       .risk = { "forward-write", 20, N_ ("can change the files that you open with it") })

/* What hidepid means depends on the machine, and the plan says it */
#define SBX_HIDEPID_WORDS(ROW)                                                                                         \
  ROW (SBX_HIDEPID_PTRACEABLE, "ptraceable")                                                                           \
  ROW (SBX_HIDEPID_INVISIBLE, "invisible",                                                                             \
       .risk = { "other-processes", 200, N_ ("can look at processes that it could not trace") })                       \
  ROW (SBX_HIDEPID_OFF, "off", .risk = { "no-hidepid", 100, N_ ("sees every process in its /proc") })

#define SBX_SUBSET_WORDS(ROW)                                                                                          \
  ROW (SBX_SUBSET_PID, "pid",                                                                                          \
       .meaning = N_ ("finds nothing in /proc but processes: neither processor nor memory"))                           \
  ROW (SBX_SUBSET_ALL, "all",                                                                                          \
       .risk = { "machine-seen", 20, N_ ("reads what the machine is and how busy it is (/proc)") })

#define SBX_PROCFS_INSTANCE_WORDS(ROW)                                                                                 \
  ROW (SBX_PROCFS_INSTANCE_PRIVATE, "private")                                                                         \
  ROW (SBX_PROCFS_INSTANCE_NONE, "none", .marked = TRUE, .meaning = N_ ("has no /proc of its own making"),             \
       .risk = { "host-proc", 150, N_ ("has no /proc of its own") })

#define SBX_PIDNS_WORDS(ROW)                                                                                           \
  ROW (SBX_PIDNS_PRIVATE, "private")                                                                                   \
  ROW (SBX_PIDNS_SESSION, "session",                                                                                   \
       .meaning = N_ ("shares the numbers of processes with other sandboxes of the session"),                          \
       .risk = { "shared-pids", 80, N_ ("shares the numbers of processes with other sandboxes") })

/* What each tier lets through is the table in plan/filter/syscall-table.c */
#define SBX_TIER_WORDS(ROW)                                                                                            \
  ROW (SBX_TIER_STRICT, "strict", .meaning = N_ ("may make no system calls but those of plain computing"))             \
  ROW (SBX_TIER_DUMPER, "dumper", .meaning = N_ ("may look into the processes that it sees, and not change them"),     \
       .risk = { "calls-dumper", 10, N_ ("may look into other processes that it sees") })                              \
  ROW (SBX_TIER_DEFAULT, "default",                                                                                    \
       .risk = { "calls-default", 20, N_ ("may make the system calls of ordinary applications") })                     \
  ROW (SBX_TIER_DEBUGGER, "debugger", .meaning = N_ ("may trace and change the processes that it sees"),               \
       .risk = { "calls-debugger", 60, N_ ("may trace other processes that it sees, and change them") })               \
  ROW (SBX_TIER_BROWSER, "browser", .meaning = N_ ("may make nearly all system calls"),                                \
       .risk = { "calls-browser", 40, N_ ("may make nearly all system calls") })

/* Of a path; their risk depends on the path: score.c */
#define SBX_ACCESS_WORDS(ROW)                                                                                          \
  ROW (SBX_ACCESS_NONE, "none", .meaning = N_ ("… but nothing in %s"))                                                 \
  ROW (SBX_ACCESS_RO, "ro", .marked = TRUE, .meaning = N_ ("reads the files in %s"))                                   \
  ROW (SBX_ACCESS_RW, "rw", .marked = TRUE, .meaning = N_ ("reads, changes and deletes the files in %s"))              \
  ROW (SBX_ACCESS_CREATE, "create", .marked = TRUE, .meaning = N_ ("reads, changes and deletes the files in %s"))

/* Of a bus name */
#define SBX_SESSION_BUS_WORDS(ROW)                                                                                     \
  ROW (SBX_BUS_NONE, "none")                                                                                           \
  ROW (SBX_BUS_SEE, "see", .meaning = N_ ("sees on the session bus: %s"),                                              \
       .risk = { "session-seen", 10, N_ ("sees that some services of the session run") })                              \
  ROW (SBX_BUS_TALK, "talk", .meaning = N_ ("talks on the session bus to %s"),                                         \
       .risk = { "session-names", 60, N_ ("talks to some services of the session") })                                  \
  ROW (SBX_BUS_OWN, "own", .meaning = N_ ("is known on the session bus as %s"))

/* The same words, and what they mean on the other bus */
#define SBX_SYSTEM_BUS_WORDS(ROW)                                                                                      \
  ROW (SBX_BUS_NONE, "none")                                                                                           \
  ROW (SBX_BUS_SEE, "see", .meaning = N_ ("sees on the system bus: %s"),                                               \
       .risk = { "system-seen", 10, N_ ("sees that some services of the system run") })                                \
  ROW (SBX_BUS_TALK, "talk", .meaning = N_ ("talks on the system bus to %s"),                                          \
       .risk = { "system-names", 60, N_ ("talks to some services of the system") })                                    \
  ROW (SBX_BUS_OWN, "own", .meaning = N_ ("is known on the system bus as %s"))

/* clang-format on */
