/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/on-crash/crash.h"

#include <errno.h>
#include <fcntl.h>
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/error.h"
#include "crashes/store.h"
#include "daemon/bounds.h"
#include "daemon/launch/launch.h"
#include "wire/layout.h"

#define HANDLER_LOG "handler.log"
#define GRACE_MS 2000

typedef struct {
  SbxContext *context;
  SbxNotifier *notifier;
  SbxInstance *instance, *handler;
  guint32 number;
  JsonObject *about;
  char *store_path, *id; /* NULL: there is no place to write to */
  int store;
  guint timeout;
  gboolean timed_out;
} Crash;

static void
crash_free (Crash *crash)
{
  g_clear_handle_id (&crash->timeout, g_source_remove);
  if (crash->handler)
    g_signal_handlers_disconnect_by_data (crash->handler, crash);
  g_clear_object (&crash->handler);
  g_object_unref (crash->instance);
  json_object_unref (crash->about);
  if (crash->store >= 0)
    close (crash->store);
  g_free (crash->store_path);
  g_free (crash->id);
  g_free (crash);
}

static char *
to_json (JsonObject *object)
{
  g_autoptr (JsonNode) node = json_node_init_object (json_node_alloc (), object);

  return json_to_string (node, TRUE);
}

static JsonArray *
command_to_json (GVariant *command)
{
  g_autofree const char **argv = g_variant_get_bytestring_array (command, NULL);
  JsonArray *array = json_array_new ();

  for (gsize i = 0; argv[i]; i++) {
    g_autofree char *valid = g_utf8_make_valid (argv[i], -1);

    json_array_add_string_element (array, valid);
  }
  return array;
}

static JsonObject *
describe (SbxInstance *instance, const SbxMessage *message)
{
  const SbxCrashed *crashed = &message->crashed;
  const SbxInfo *info = sbx_instance_get_info (instance);
  g_autofree char *address = g_strdup_printf ("0x%" G_GINT64_MODIFIER "x", crashed->address);
  g_autoptr (GDateTime) when = g_date_time_new_from_unix_utc (crashed->time / G_USEC_PER_SEC);
  g_autofree char *time = when ? g_date_time_format_iso8601 (when) : g_strdup ("");
  JsonObject *about = json_object_new ();
  char id[SBX_ID_SIZE];

  sbx_id_format (info->id, id);
  json_object_set_string_member (about, "instance", id);
  json_object_set_string_member (about, "app-id", info->app_id);
  json_object_set_string_member (about, "profile", info->profile);
  json_object_set_array_member (about, "command", command_to_json (info->command));
  json_object_set_string_member (about, "time", time);
  json_object_set_int_member (about, "signal", message->value);
  json_object_set_string_member (about, "signal-name", g_strsignal (message->value));
  json_object_set_int_member (about, "code", message->detail);
  json_object_set_string_member (about, "address", address);
  json_object_set_int_member (about, "pid", crashed->inner_pid);
  json_object_set_int_member (about, "tid", crashed->inner_tid);
  json_object_set_int_member (about, "host-pid", message->pid);
  json_object_set_int_member (about, "host-tid", crashed->tid);
  return about;
}

static void
write_down (Crash *crash)
{
  g_autofree char *text = to_json (crash->about);
  g_autoptr (GError) error = NULL;

  if (crash->id && !sbx_crash_store_write (crash->store, crash->id, SBX_CRASH_FILE, text, &error))
    g_warning ("%s", error->message);
}

static void
rotate (Crash *crash)
{
  g_autoptr (GError) error = NULL;

  if (!crash->id)
    return;
  /* Again after the handler, which could have written another one */
  if (!sbx_crash_store_write (crash->store, crash->id, SBX_APP_FILE, sbx_instance_get_info (crash->instance)->app_id,
                              &error))
    g_warning ("%s", error->message);
  sbx_crash_store_rotate (crash->store, crash->id, SBX_CRASHES_MAX, SBX_CRASHES_MAX_BYTES);
}

/* A full disk or a read-only home costs the report, not the handler. */
static void
open_store (Crash *crash)
{
  g_autoptr (GError) error = NULL;
  char id[SBX_ID_SIZE];

  sbx_id_format (sbx_instance_get_id (crash->instance), id);
  crash->store_path = sbx_crash_store_path ((const char *const *) crash->context->environment);
  crash->store = sbx_crash_store_open (crash->store_path, TRUE, &error);
  if (crash->store >= 0)
    crash->id = sbx_crash_store_add (crash->store, id, &error);
  if (!crash->id)
    g_warning ("A crash cannot be written down: %s", error->message);
  rotate (crash);
}

static void
tell_user (Crash *crash)
{
  const SbxInfo *info = sbx_instance_get_info (crash->instance);
  g_autofree char *directory = crash->id ? g_build_filename (crash->store_path, crash->id, NULL) : NULL;

  sbx_notifier_tell_crash (crash->notifier, info->app_id, json_object_get_string_member (crash->about, "signal-name"),
                           directory);
}

/* Ends the bookkeeping: with @note, or what has become of the handler. */
static void
finish (Crash *crash, const char *note)
{
  JsonObject *handler = json_object_new ();

  json_object_set_string_member (handler, "profile", sbx_instance_get_info (crash->instance)->on_crash);
  if (crash->handler) {
    int code, signo;
    gboolean core;

    sbx_instance_get_result (crash->handler, &code, &signo, &core);
    json_object_set_int_member (handler, "code", code);
    json_object_set_int_member (handler, "signal", signo);
  }
  if (crash->timed_out)
    json_object_set_string_member (handler, "note",
                                   "it ran out of time and was ended; what it wrote may be incomplete");
  else if (note)
    json_object_set_string_member (handler, "note", note);
  json_object_set_object_member (crash->about, "handler", handler);
  write_down (crash);
  rotate (crash); /* what the handler has written counts now */
  tell_user (crash);
  crash_free (crash);
}

static void
on_handler_ended (SbxInstance *handler, gpointer user_data)
{
  finish (user_data, NULL); /* the keeper, which knows it too, has let the process go on */
}

static gboolean
on_time_limit (gpointer user_data)
{
  Crash *crash = user_data;
  SbxMessage stop = { .type = SBX_MSG_STOP, .value = GRACE_MS };

  crash->timeout = 0;
  crash->timed_out = TRUE;
  g_warning ("The crash handler of %s has run for %d seconds and is ended", sbx_instance_get_path (crash->instance),
             SBX_CRASH_HANDLER_SECONDS);
  if (!sbx_instance_send (crash->handler, &stop, NULL, 0, NULL))
    g_info ("%s has ended meanwhile", sbx_instance_get_path (crash->handler));
  return G_SOURCE_REMOVE;
}

static void
give_up (Crash *crash, const char *why)
{
  SbxMessage release = { .type = SBX_MSG_RELEASE, .crash = crash->number };

  g_warning ("No crash handler for %s: %s", sbx_instance_get_path (crash->instance), why);
  if (!sbx_instance_send (crash->instance, &release, NULL, 0, NULL))
    g_info ("%s has ended meanwhile", sbx_instance_get_path (crash->instance));
  finish (crash, why);
}

static void
on_launched (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Crash *crash = user_data;
  g_autoptr (GError) error = NULL;

  crash->handler = sbx_launch_finish (result, &error);
  if (!crash->handler) {
    give_up (crash, error->message);
    return;
  }
  if (sbx_instance_get_state (crash->handler) == SBX_STATE_EXITED) {
    finish (crash, NULL);
    return;
  }
  g_signal_connect (crash->handler, "ended", G_CALLBACK (on_handler_ended), crash);
  crash->timeout = g_timeout_add_seconds (SBX_CRASH_HANDLER_SECONDS, on_time_limit, crash);
}

static int
make_memory (const char *text)
{
  int fd = memfd_create ("crash", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  gsize size = strlen (text);

  if (fd >= 0 && pwrite (fd, text, size, 0) == (gssize) size
      && fcntl (fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0)
    return fd;
  if (fd >= 0)
    close (fd);
  return -1;
}

/* What the handler prints goes beside what it writes. */
static int
open_log (const Crash *crash)
{
  int directory = crash->id ? openat (crash->store, crash->id, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
  int fd = -1;

  if (directory >= 0) {
    fd = openat (directory, HANDLER_LOG, O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    close (directory);
  }
  return fd >= 0 ? fd : open ("/dev/null", O_WRONLY | O_CLOEXEC);
}

static gboolean
append (GUnixFDList *fds, GVariantBuilder *map, guint number, int fd)
{
  int handle = fd < 0 ? -1 : g_unix_fd_list_append (fds, fd, NULL);

  if (handle >= 0)
    g_variant_builder_add (map, "{uh}", number, handle);
  return handle >= 0;
}

static GUnixFDList *
make_fds (const Crash *crash, GVariantBuilder *map)
{
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
  g_autofree char *text = to_json (crash->about);
  int log = open_log (crash), memory = make_memory (text), null = open ("/dev/null", O_RDONLY | O_CLOEXEC);
  gboolean ok = append (fds, map, 0, null) && append (fds, map, 1, log) && append (fds, map, 2, log)
                && append (fds, map, SBX_CRASH_JSON_FD, memory);
  const int all[] = { log, memory, null };

  for (gsize i = 0; i < G_N_ELEMENTS (all); i++)
    if (all[i] >= 0)
      close (all[i]);
  return ok ? g_steal_pointer (&fds) : NULL;
}

static void
add_env (GVariantBuilder *env, const char *name, const char *value)
{
  g_variant_builder_add (env, "{ss}", name, value);
}

static GVariant *
make_env (const SbxMessage *message)
{
  const SbxCrashed *crashed = &message->crashed;
  g_autofree char *pid = g_strdup_printf ("%d", crashed->inner_pid), *tid = g_strdup_printf ("%d", crashed->inner_tid);
  g_autofree char *signo = g_strdup_printf ("%d", message->value);
  g_autofree char *address = g_strdup_printf ("0x%" G_GINT64_MODIFIER "x", crashed->address);
  g_autofree char *time = g_strdup_printf ("%" G_GINT64_FORMAT, crashed->time);
  GVariantBuilder env;

  g_variant_builder_init (&env, G_VARIANT_TYPE ("a{ss}"));
  add_env (&env, "SANDBOX_CRASH_PID", pid);
  add_env (&env, "SANDBOX_CRASH_TID", tid);
  add_env (&env, "SANDBOX_CRASH_SIGNAL", signo);
  add_env (&env, "SANDBOX_CRASH_ADDRESS", address);
  add_env (&env, "SANDBOX_CRASH_TIME", time);
  add_env (&env, "SANDBOX_CRASH_FD", SBX_FD_TEXT (SBX_CRASH_JSON_FD));
  return g_variant_builder_end (&env);
}

static void
start_handler (Crash *crash, SbxRegistry *registry, const SbxMessage *message)
{
  const SbxInfo *info = sbx_instance_get_info (crash->instance);
  g_autoptr (GVariant) argv = g_variant_ref_sink (g_variant_new_bytestring_array (NULL, 0)), options = NULL;
  g_autofree char *directory = crash->id ? g_build_filename (crash->store_path, crash->id, NULL) : NULL;
  g_autoptr (GUnixFDList) fds = NULL;
  GVariantBuilder builder, map;

  g_variant_builder_init (&map, G_VARIANT_TYPE ("a{uh}"));
  fds = make_fds (crash, &map);
  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&builder, "{sv}", "fds", g_variant_builder_end (&map));
  g_variant_builder_add (&builder, "{sv}", "env", make_env (message));
  options = g_variant_ref_sink (g_variant_builder_end (&builder));
  if (!fds) {
    give_up (crash, "it cannot be given its descriptors");
    return;
  }
  SbxLaunchCall call = { .profile = info->on_crash,
                         .argv = argv,
                         .options = options,
                         .fds = fds,
                         .target = crash->instance,
                         .crash = crash->number,
                         .crash_directory = directory,
                         .target_pid = (guint) message->crashed.inner_pid };
  sbx_launch_async (crash->context, registry, NULL, &call, on_launched, crash);
}

GVariant *
sbx_crash_begin (SbxContext *context, SbxRegistry *registry, SbxNotifier *notifier, SbxInstance *instance,
                 const SbxMessage *message)
{
  Crash *crash;
  GVariantDict about;

  crash = g_new0 (Crash, 1);
  crash->context = context;
  crash->notifier = notifier;
  crash->instance = g_object_ref (instance);
  crash->number = message->crash;
  crash->about = describe (instance, message);
  crash->store = -1;
  open_store (crash);
  write_down (crash);
  g_variant_dict_init (&about, NULL);
  g_variant_dict_insert (&about, "pid", "u", (guint32) message->crashed.inner_pid);
  g_variant_dict_insert (&about, "tid", "u", (guint32) message->crashed.inner_tid);
  g_variant_dict_insert (&about, "signal", "i", message->value);
  g_variant_dict_insert (&about, "code", "i", message->detail);
  g_variant_dict_insert (&about, "address", "t", message->crashed.address);
  g_variant_dict_insert (&about, "time", "t", (guint64) message->crashed.time);
  g_variant_dict_insert (&about, "crash", "s", crash->id ? crash->id : "");
  if (sbx_instance_get_info (instance)->on_crash[0] == '\0')
    give_up (crash, "the instance has no handler profile");
  else
    start_handler (crash, registry, message);
  return g_variant_dict_end (&about);
}
