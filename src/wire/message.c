/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wire/message.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "wire/block.h"

typedef struct {
  uint16_t version;
  uint16_t type;
  uint32_t job;
  int32_t pid;
  int32_t value;
  int32_t detail;
  uint32_t text_length;
} Header;

/* Fields of a type, in the order in which they follow the header. */
typedef struct {
  SbxMessageType type;
  size_t offset, size; /* in SbxMessage */
} Field;

#define FIELD(name) offsetof (SbxMessage, name), sizeof ((SbxMessage *) NULL)->name
#define MAX_FIELDS 2                                             /* that a type has */
#define MAX_FIELDS_SIZE (sizeof (uint32_t) + sizeof (SbxDenial)) /* of DENIED, which has most */

static const Field fields[] = {
  { SBX_MSG_ATTACH, FIELD (crash) },     { SBX_MSG_RELEASE, FIELD (crash) },   { SBX_MSG_STARTED, FIELD (start_time) },
  { SBX_MSG_CRASHED, FIELD (crash) },    { SBX_MSG_CRASHED, FIELD (crashed) }, { SBX_MSG_DENIED, FIELD (slot) },
  { SBX_MSG_DENIED, FIELD (denial) },    { SBX_MSG_CLONED, FIELD (layer) },    { SBX_MSG_NOT_CLONED, FIELD (layer) },
  { SBX_MSG_ENDED, FIELD (leftovers) },  { SBX_MSG_TRAFFIC, FIELD (traffic) }, { SBX_MSG_ASKED, FIELD (slot) },
  { SBX_MSG_ASKED, FIELD (start_time) }, { SBX_MSG_LIMIT, FIELD (limit) },     { SBX_MSG_NOT_APPLIED, FIELD (ends) },
};
#define N_FIELDS (sizeof fields / sizeof *fields)

typedef enum {
  JOB = 1 << 0,        /* job may be other than 0 */
  TEXT = 1 << 1,       /* there may be text */
  ANY_DETAIL = 1 << 2, /* a negative one as well */
} Allowed;

/* One row per message that may come over a channel. Everything else is refused. */
typedef struct {
  SbxChannel channel;
  SbxMessageType type;
  size_t min_fds, max_fds;
  int32_t min_value, max_value;
  int32_t max_detail;
  unsigned allowed;
  bool (*is_valid) (const SbxMessage *message); /* its fields, or NULL */
} Rule;

static bool
start_is_valid (const SbxMessage *message)
{
  return message->start_time >= 0;
}

static bool
no_start_is_valid (const SbxMessage *message)
{
  return message->start_time == 0;
}

static bool
release_is_valid (const SbxMessage *message)
{
  return message->crash != 0;
}

static bool
crashed_is_valid (const SbxMessage *message)
{
  const SbxCrashed *crashed = &message->crashed;

  return message->pid > 0 && crashed->tid > 0 && crashed->inner_pid >= 0 && crashed->inner_tid >= 0
         && crashed->time >= 0 && crashed->padding == 0;
}

static bool
numbered_crash_is_valid (const SbxMessage *message)
{
  return message->crash != 0 && crashed_is_valid (message);
}

static bool
new_crash_is_valid (const SbxMessage *message)
{
  return message->crash == 0 && crashed_is_valid (message);
}

static bool
denial_is_valid (const SbxMessage *message)
{
  return message->slot < SBX_DENIALS && sbx_denial_is_valid (&message->denial);
}

static bool
asked_is_valid (const SbxMessage *message)
{
  return message->slot < SBX_ASKED_NAMES && message->start_time >= 0 && sbx_asked_name_is_valid (message->text);
}

static bool
end_is_valid (const SbxMessage *message)
{
  return message->leftovers >= 0;
}

static bool
start_flags_are_valid (const SbxMessage *message)
{
  return (message->value & ~(SBX_START_LIFELINE | SBX_START_TRACE | SBX_START_LEARN)) == 0;
}

static bool
exec_is_valid (const SbxMessage *message)
{
  return (message->value & ~(SBX_START_LIFELINE | SBX_START_KEEPS)) == 0;
}

static bool
inner_exec_is_valid (const SbxMessage *message)
{
  return (message->value & ~SBX_START_KEEPS) == 0;
}

/* Flags that may be asked for, and at most one hidepid. */
static bool
procfs_is_valid (const SbxMessage *message)
{
  const int32_t hidepid = message->value & (SBX_PROCFS_PTRACEABLE | SBX_PROCFS_INVISIBLE | SBX_PROCFS_NO_ACCESS);

  return (message->value & ~(int32_t) SBX_PROCFS_ASKABLE) == 0 && (hidepid & (hidepid - 1)) == 0;
}

#define MAX_FDS SBX_MESSAGE_FDS
#define MAX INT32_MAX
#define SIGNALS 64
#define CULPRITS (SBX_N_CULPRITS - 1)
#define STEPS (SBX_N_STEPS - 1)
#define STATUS 0xffff /* of wait(2) */

static const Rule rules[] = {
  { SBX_CHANNEL_DAEMON_TO_KEEPER, SBX_MSG_PREPARE, 2, MAX_FDS, 0, 0, 0, 0, NULL },
  { SBX_CHANNEL_DAEMON_TO_KEEPER, SBX_MSG_FURNISH, 2, 2, 0, 0, 0, 0, NULL },
  { SBX_CHANNEL_DAEMON_TO_KEEPER, SBX_MSG_START, 1, MAX_FDS, 0, SBX_START_LIFELINE | SBX_START_TRACE | SBX_START_LEARN,
    0, 0, start_flags_are_valid },
  { SBX_CHANNEL_DAEMON_TO_KEEPER, SBX_MSG_EXEC, 1, MAX_FDS, 0, SBX_START_LIFELINE | SBX_START_KEEPS, 0, JOB,
    exec_is_valid },
  { SBX_CHANNEL_DAEMON_TO_KEEPER, SBX_MSG_SIGNAL, 0, 0, 1, SIGNALS, 1, JOB, NULL },
  { SBX_CHANNEL_DAEMON_TO_KEEPER, SBX_MSG_STOP, 0, 0, 0, MAX, 0, 0, NULL },
  { SBX_CHANNEL_DAEMON_TO_KEEPER, SBX_MSG_RELEASE, 0, 0, 0, 0, 0, 0, release_is_valid },
  { SBX_CHANNEL_DAEMON_TO_KEEPER, SBX_MSG_ATTACH, 2, 2, 0, SBX_ATTACH_HOLD, 0, 0, NULL },
  { SBX_CHANNEL_DAEMON_TO_KEEPER, SBX_MSG_CHANGE, 1, 1, 0, 0, 0, JOB, NULL },

  { SBX_CHANNEL_DAEMON_TO_KEEPER, SBX_MSG_GET_PROCFS, 0, 0, 0, SBX_PROCFS_ASKABLE, 0, JOB, procfs_is_valid },

  { SBX_CHANNEL_KEEPER_TO_DAEMON, SBX_MSG_APPLIED, 1, 1, 0, 0, 0, JOB, NULL },
  { SBX_CHANNEL_KEEPER_TO_DAEMON, SBX_MSG_NOT_APPLIED, 0, 0, 0, MAX, SBX_N_CHANGE_FAULTS - 1, JOB | TEXT, NULL },
  { SBX_CHANNEL_KEEPER_TO_DAEMON, SBX_MSG_POLICY, 0, 0, 0, 0, 0, 0, NULL },
  { SBX_CHANNEL_KEEPER_TO_DAEMON, SBX_MSG_READY, 0, 1, 0, 0, 0, 0, NULL },
  { SBX_CHANNEL_KEEPER_TO_DAEMON, SBX_MSG_STARTED, 0, 0, 0, 0, SBX_ENFORCED_ALL, JOB, start_is_valid },
  { SBX_CHANNEL_KEEPER_TO_DAEMON, SBX_MSG_FAILED, 0, 0, 0, MAX, STEPS, JOB | TEXT, NULL },
  { SBX_CHANNEL_KEEPER_TO_DAEMON, SBX_MSG_PROCFS, 1, 1, 0, 0, 0, JOB, NULL },
  { SBX_CHANNEL_KEEPER_TO_DAEMON, SBX_MSG_EXITED, 0, 0, 0, STATUS, 0, JOB, NULL },
  { SBX_CHANNEL_KEEPER_TO_DAEMON, SBX_MSG_CHANGED, 0, 0, 0, 0, SBX_ENFORCED_ALL, 0, NULL },
  { SBX_CHANNEL_KEEPER_TO_DAEMON, SBX_MSG_CRASHED, 0, 0, 1, SIGNALS, 0, ANY_DETAIL, numbered_crash_is_valid },
  { SBX_CHANNEL_KEEPER_TO_DAEMON, SBX_MSG_DENIED, 0, 0, 0, 0, 0, 0, denial_is_valid },
  { SBX_CHANNEL_KEEPER_TO_DAEMON, SBX_MSG_DENIED_MORE, 0, 0, 1, MAX, 0, 0, NULL },
  { SBX_CHANNEL_KEEPER_TO_DAEMON, SBX_MSG_TRAFFIC, 0, 0, 0, 0, 0, 0, NULL },
  { SBX_CHANNEL_KEEPER_TO_DAEMON, SBX_MSG_ASKED, 0, 0, 1, MAX, 0, TEXT, asked_is_valid },
  { SBX_CHANNEL_KEEPER_TO_DAEMON, SBX_MSG_GREETED, 0, 0, 0, 0, 0, 0, NULL },
  { SBX_CHANNEL_KEEPER_TO_DAEMON, SBX_MSG_ENDED, 0, 0, 0, CULPRITS, STATUS, TEXT, end_is_valid },

  { SBX_CHANNEL_KEEPER_TO_INIT, SBX_MSG_START, 1, MAX_FDS, 0, SBX_START_GATE, 0, 0, NULL },
  { SBX_CHANNEL_KEEPER_TO_INIT, SBX_MSG_EXEC, 1, MAX_FDS, 0, SBX_START_KEEPS, 0, JOB, inner_exec_is_valid },
  { SBX_CHANNEL_KEEPER_TO_INIT, SBX_MSG_SIGNAL, 0, 0, 1, SIGNALS, 1, JOB, NULL },
  { SBX_CHANNEL_KEEPER_TO_INIT, SBX_MSG_HOLD, 0, 0, 0, 1, 0, 0, NULL },
  { SBX_CHANNEL_KEEPER_TO_INIT, SBX_MSG_LIMIT, 0, 0, 0, SBX_RESOURCES - 1, 0, 0, NULL },

  { SBX_CHANNEL_INIT_TO_KEEPER, SBX_MSG_READY, 0, 0, 0, 0, 0, 0, NULL },
  { SBX_CHANNEL_INIT_TO_KEEPER, SBX_MSG_HELLO, 0, 0, 0, 0, 0, JOB, NULL },
  { SBX_CHANNEL_INIT_TO_KEEPER, SBX_MSG_ASKS, 1, 1, 0, 0, 0, 0, NULL },
  { SBX_CHANNEL_INIT_TO_KEEPER, SBX_MSG_STARTED, 0, 0, 0, 0, SBX_ENFORCED_ALL, JOB, no_start_is_valid },
  { SBX_CHANNEL_INIT_TO_KEEPER, SBX_MSG_FAILED, 0, 0, 0, MAX, STEPS, JOB | TEXT, NULL },
  { SBX_CHANNEL_INIT_TO_KEEPER, SBX_MSG_EXITED, 0, 0, 0, STATUS, 0, JOB, NULL },
  { SBX_CHANNEL_INIT_TO_KEEPER, SBX_MSG_LEFTOVERS, 0, 0, 1, MAX, 0, 0, NULL },

  { SBX_CHANNEL_CALLER_TO_KEEPER, SBX_MSG_SIGNAL, 0, 0, 1, SIGNALS, 1, 0, NULL },

  { SBX_CHANNEL_KEEPER_TO_CALLER, SBX_MSG_STARTED, 0, 0, 0, 0, SBX_ENFORCED_ALL, 0, start_is_valid },
  { SBX_CHANNEL_KEEPER_TO_CALLER, SBX_MSG_FAILED, 0, 0, 0, MAX, STEPS, TEXT, NULL },
  { SBX_CHANNEL_KEEPER_TO_CALLER, SBX_MSG_EXITED, 0, 0, 0, STATUS, 0, 0, NULL },
  { SBX_CHANNEL_KEEPER_TO_CALLER, SBX_MSG_ENDED, 0, 0, 0, CULPRITS, STATUS, TEXT, end_is_valid },

  { SBX_CHANNEL_TRACER_TO_KEEPER, SBX_MSG_READY, 0, 0, 0, 0, 0, 0, NULL },
  { SBX_CHANNEL_TRACER_TO_KEEPER, SBX_MSG_CRASHED, 1, 1, 1, SIGNALS, 0, ANY_DETAIL, new_crash_is_valid },

  { SBX_CHANNEL_HANDLER_TO_KEEPER, SBX_MSG_READY, 1, 1, 0, 0, 0, 0, NULL },
  { SBX_CHANNEL_FINDER_TO_KEEPER, SBX_MSG_READY, 1, 1, 0, 0, 0, 0, NULL },
  { SBX_CHANNEL_SESSION_TO_KEEPER, SBX_MSG_READY, 3, 3, 0, 0, 0, 0, NULL },
  { SBX_CHANNEL_SESSION_TO_KEEPER, SBX_MSG_FAILED, 0, 0, 0, MAX, STEPS, TEXT, NULL },
  { SBX_CHANNEL_GATHERER_TO_KEEPER, SBX_MSG_CLONED, 1, 1, 0, 0, 0, 0, NULL },
  { SBX_CHANNEL_GATHERER_TO_KEEPER, SBX_MSG_NOT_CLONED, 0, 0, 0, MAX, MAX, 0, NULL },
};

/* clang-format off */
static const char *const step_names[SBX_N_STEPS] = {
  [SBX_STEP_NONE] = "none",
  [SBX_STEP_PROTOCOL] = "protocol",
  [SBX_STEP_RECORD] = "record",
  [SBX_STEP_DOMAIN] = "instance-domain",
  [SBX_STEP_BWRAP] = "bwrap",
  [SBX_STEP_NAMESPACES] = "namespaces",
  [SBX_STEP_PROCFS] = "procfs",
  [SBX_STEP_LIMITS] = "limits",
  [SBX_STEP_TERMINAL] = "terminal",
  [SBX_STEP_DIRECTORY] = "working-directory",
  [SBX_STEP_APP_DOMAIN] = "app-domain",
  [SBX_STEP_SECCOMP] = "seccomp",
  [SBX_STEP_DESCRIPTORS] = "descriptors",
  [SBX_STEP_FORK] = "fork",
  [SBX_STEP_EXEC] = "exec",
  [SBX_STEP_JOIN] = "join",
  [SBX_STEP_TRACE] = "trace",
  [SBX_STEP_FILES] = "files",
  [SBX_STEP_PUBLISH] = "publish",
  [SBX_STEP_GIVE_PROCFS] = "give-procfs",
#define SIDECAR(kind, step, ...) [SBX_STEP_##kind] = step,
  SBX_SIDECAR_ROWS (SIDECAR)
#undef SIDECAR
};
/* clang-format on */

static const char *const culprit_names[SBX_N_CULPRITS] = {
  [SBX_CULPRIT_APPLICATION] = "application",
  [SBX_CULPRIT_STOPPED] = "stopped",
  [SBX_CULPRIT_CALLER] = "caller",
  [SBX_CULPRIT_BWRAP] = "bwrap",
  [SBX_CULPRIT_INIT] = "init",
  [SBX_CULPRIT_KEEPER] = "keeper",
  [SBX_CULPRIT_MEMORY] = "memory",
  [SBX_CULPRIT_TARGET] = "target",
  [SBX_CULPRIT_SESSION] = "session",
};

const char *
sbx_step_name (unsigned step)
{
  return step < SBX_N_STEPS ? step_names[step] : NULL;
}

const char *
sbx_culprit_name (unsigned culprit)
{
  return culprit < SBX_N_CULPRITS ? culprit_names[culprit] : NULL;
}

static int
send_packet (int sock, const SbxMessage *message, const int *fds, size_t n_fds, int flags)
{
  Header header = {
    .version = SBX_MESSAGE_VERSION,
    .type = (uint16_t) message->type,
    .job = message->job,
    .pid = message->pid,
    .value = message->value,
    .detail = message->detail,
    .text_length = (uint32_t) strnlen (message->text, SBX_MESSAGE_TEXT),
  };
  struct iovec parts[MAX_FIELDS + 2] = { { &header, sizeof header } };
  union {
    struct cmsghdr align;
    char space[CMSG_SPACE (sizeof (int) * SBX_MESSAGE_FDS)];
  } control;
  struct msghdr packet = { .msg_iov = parts, .msg_iovlen = 1 };
  ssize_t sent;

  if (n_fds > SBX_MESSAGE_FDS) {
    errno = E2BIG;
    return -1;
  }
  for (size_t i = 0; i < N_FIELDS; i++)
    if (fields[i].type == message->type)
      parts[packet.msg_iovlen++] = (struct iovec){ (char *) message + fields[i].offset, fields[i].size };
  parts[packet.msg_iovlen++] = (struct iovec){ (char *) message->text, header.text_length };
  if (n_fds > 0) {
    struct cmsghdr *rights;

    memset (&control, 0, CMSG_SPACE (sizeof (int) * n_fds));
    packet.msg_control = control.space;
    packet.msg_controllen = CMSG_SPACE (sizeof (int) * n_fds);
    rights = CMSG_FIRSTHDR (&packet);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN (sizeof (int) * n_fds);
    memcpy (CMSG_DATA (rights), fds, sizeof (int) * n_fds);
  }
  do
    sent = sendmsg (sock, &packet, MSG_NOSIGNAL | flags);
  while (sent < 0 && errno == EINTR);
  return sent < 0 ? -1 : 0;
}

int
sbx_message_send (int sock, const SbxMessage *message, const int *fds, size_t n_fds)
{
  return send_packet (sock, message, fds, n_fds, 0);
}

int
sbx_message_send_now (int sock, const SbxMessage *message, const int *fds, size_t n_fds)
{
  return send_packet (sock, message, fds, n_fds, MSG_DONTWAIT);
}

/* Takes descriptors and credentials out of a packet. Returns how many descriptors there were. */
static size_t
take_control (struct msghdr *packet, int *fds, pid_t *sender)
{
  size_t n_fds = 0;

  for (struct cmsghdr *part = CMSG_FIRSTHDR (packet); part; part = CMSG_NXTHDR (packet, part)) {
    if (part->cmsg_level != SOL_SOCKET)
      continue;
    if (part->cmsg_type == SCM_RIGHTS) {
      size_t n = (part->cmsg_len - CMSG_LEN (0)) / sizeof (int);

      if (n > SBX_MESSAGE_FDS - n_fds) /* more than ever fits in one packet of ours */
        n = SBX_MESSAGE_FDS - n_fds;
      memcpy (fds + n_fds, CMSG_DATA (part), n * sizeof (int));
      n_fds += n;
    } else if (part->cmsg_type == SCM_CREDENTIALS && sender) {
      struct ucred credentials;

      memcpy (&credentials, CMSG_DATA (part), sizeof credentials);
      *sender = credentials.pid;
    }
  }
  return n_fds;
}

static const Rule *
find_rule (SbxChannel channel, uint32_t type)
{
  for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
    if (rules[i].channel == channel && rules[i].type == type)
      return &rules[i];
  return NULL;
}

static bool
is_allowed (const Rule *rule, const SbxMessage *message, size_t n_fds)
{
  return n_fds >= rule->min_fds && n_fds <= rule->max_fds && message->value >= rule->min_value
         && message->value <= rule->max_value
         && ((rule->allowed & ANY_DETAIL) || (message->detail >= 0 && message->detail <= rule->max_detail))
         && ((rule->allowed & JOB) || message->job == 0) && ((rule->allowed & TEXT) || message->text[0] == '\0')
         && (!rule->is_valid || rule->is_valid (message));
}

/* Takes the fields of @message's type from the *@size bytes at *@data, which begin behind them then. False if they end
 * before. */
static bool
take_fields (SbxMessage *message, const char **data, size_t *size)
{
  for (size_t i = 0; i < N_FIELDS; i++) {
    if (fields[i].type != message->type)
      continue;
    if (fields[i].size > *size)
      return false;
    memcpy ((char *) message + fields[i].offset, *data, fields[i].size);
    *data += fields[i].size;
    *size -= fields[i].size;
  }
  return true;
}

/* The message in a packet of @size bytes, if it is well-formed and allowed. */
static bool
parse (const char *data, size_t size, SbxChannel channel, size_t n_fds, SbxMessage *message)
{
  const Rule *rule;
  Header header;

  if (size < sizeof header)
    return false;
  memcpy (&header, data, sizeof header);
  data += sizeof header;
  size -= sizeof header;
  *message = (SbxMessage){
    .type = header.type, .job = header.job, .pid = header.pid, .value = header.value, .detail = header.detail
  };
  rule = find_rule (channel, header.type);
  if (header.version != SBX_MESSAGE_VERSION || !rule || !take_fields (message, &data, &size)
      || header.text_length != size || size > SBX_MESSAGE_TEXT || memchr (data, '\0', size))
    return false;
  memcpy (message->text, data, size);
  return is_allowed (rule, message, n_fds);
}

static int
receive_packet (int sock, SbxChannel channel, SbxMessage *message, int *fds, size_t *n_fds, pid_t *sender, int flags)
{
  char data[sizeof (Header) + MAX_FIELDS_SIZE + SBX_MESSAGE_TEXT + 1];
  struct iovec part = { data, sizeof data };
  union {
    struct cmsghdr align;
    char space[CMSG_SPACE (sizeof (int) * SBX_MESSAGE_FDS) + CMSG_SPACE (sizeof (struct ucred))];
  } control;
  struct msghdr packet = {
    .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
  };
  pid_t pid = 0;
  ssize_t size;
  int reset = 0;

  *n_fds = 0;
  /* A peer that ended without reading all that we sent leaves ECONNRESET here (unix_release_sock in
   * net/unix/af_unix.c), told once and before what it said last: its last words are still to come */
  do
    size = recvmsg (sock, &packet, MSG_CMSG_CLOEXEC | flags);
  while (size < 0 && (errno == EINTR || (errno == ECONNRESET && !reset++)));
  if (size < 0)
    return -1;
  *n_fds = take_control (&packet, fds, &pid);
  if (size == 0 && *n_fds == 0)
    return 0;
  if ((packet.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) || !parse (data, (size_t) size, channel, *n_fds, message)) {
    while (*n_fds > 0)
      close (fds[--*n_fds]);
    errno = EBADMSG;
    return -1;
  }
  if (sender)
    *sender = pid;
  return 1;
}

int
sbx_message_recv (int sock, SbxChannel channel, SbxMessage *message, int *fds, size_t *n_fds, pid_t *sender)
{
  return receive_packet (sock, channel, message, fds, n_fds, sender, 0);
}

int
sbx_message_recv_now (int sock, SbxChannel channel, SbxMessage *message, int *fds, size_t *n_fds, pid_t *sender)
{
  return receive_packet (sock, channel, message, fds, n_fds, sender, MSG_DONTWAIT);
}
