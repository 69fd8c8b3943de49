/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/instances/changes.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <string.h>
#include <unistd.h>

#include "common/error.h"

#define HELD_MAX (32u << 20) /* bytes of an answer */

static GBytes *
read_held (int fd)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  guint8 buffer[4096];
  gssize n;

  while (bytes->len < HELD_MAX && (n = pread (fd, buffer, sizeof buffer, bytes->len)) != 0)
    if (n > 0)
      g_byte_array_append (bytes, buffer, (guint) n);
    else if (errno != EINTR)
      break;
  return g_byte_array_free_to_bytes (g_steal_pointer (&bytes));
}

/* The errors of a keeper; %s is what it says beside it. */
static const struct {
  int code;
  const char *text;
} faults[SBX_N_CHANGE_FAULTS] = {
  [SBX_CHANGE_FAULT_NONE] = { SBX_ERROR_SPAWN_FAILED, N_ ("the change failed; nothing was changed") },
  [SBX_CHANGE_FAULT_ENDED] = { SBX_ERROR_EXITED, N_ ("the instance has ended") },
  [SBX_CHANGE_FAULT_BUSY] = { SBX_ERROR_LIMITS, N_ ("another change of this instance is being made; try again") },
  [SBX_CHANGE_FAULT_PROTOCOL] = { SBX_ERROR_SPAWN_FAILED,
                                  N_ ("the program that makes the change has ended; nothing was changed") },
  [SBX_CHANGE_FAULT_RECORD] = { SBX_ERROR_SPAWN_FAILED,
                                N_ ("the record of the instance cannot be written; nothing was changed") },
  [SBX_CHANGE_FAULT_ENTER] = { SBX_ERROR_SPAWN_FAILED,
                               N_ ("the instance's mounts cannot be entered or looked at; nothing was changed") },
  [SBX_CHANGE_FAULT_MOVED] = { SBX_ERROR_SPAWN_FAILED,
                               N_ ("what the instance has there is not what is there outside; nothing was changed") },
  [SBX_CHANGE_FAULT_MOUNT] = { SBX_ERROR_SPAWN_FAILED, N_ ("it cannot be covered; nothing was changed") },
  [SBX_CHANGE_FAULT_LAYER] = { SBX_ERROR_SPAWN_FAILED, N_ ("nothing was changed") },
  [SBX_CHANGE_FAULT_TIME] = { SBX_ERROR_SPAWN_FAILED, N_ ("it took too long; nothing was changed") },
  [SBX_CHANGE_FAULT_SERVER] = { SBX_ERROR_SPAWN_FAILED,
                                N_ ("another proxy of its buses could not be started; nothing was changed") },
  [SBX_CHANGE_FAULT_SERVED] = { SBX_ERROR_LIMITS,
                                N_ ("connections to its message buses from before as many grants are still open; grant "
                                    "it with reconnect, which closes them. Nothing was changed") },
};

static GError *
make_error (const SbxMessage *message)
{
  SbxChangeFault fault = (SbxChangeFault) message->detail;
  g_autofree char *said = g_utf8_make_valid (message->text, -1);
  const char *name = message->value > 0 ? strerrorname_np (message->value) : NULL;
  const char *text =
      message->ends ? N_ ("a part of it was done and cannot be undone, so the instance is ended") : faults[fault].text;

  if (message->value == ENOSYS && !message->ends)
    return g_error_new (SBX_ERROR, SBX_ERROR_NOT_SUPPORTED,
                        "this kernel cannot change the mounts of a running instance: that takes open_tree(2) and "
                        "mount_setattr(2), Linux 5.12 and later");
  return g_error_new (SBX_ERROR, faults[fault].code, "%s%s%s%s%s%s", said, said[0] ? ": " : "", text, name ? " (" : "",
                      name ? name : "", name ? ")" : "");
}

void
sbx_changes_answer (SbxQuestions *changes, const SbxMessage *message, int fd)
{
  g_autoptr (GTask) task = sbx_questions_take (changes, message->job);

  if (!task)
    return;
  if (message->type == SBX_MSG_APPLIED)
    g_task_return_pointer (task, read_held (fd), (GDestroyNotify) g_bytes_unref);
  else
    g_task_return_error (task, make_error (message));
}
