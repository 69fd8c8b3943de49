/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* live-clock WATCH DIRECTORY NAMESPACES ROUNDS: the program WATCH (live-watch) in a sandbox with so many mount
 * namespaces, in DIRECTORY as many directories given and taken away, and a line for each: "grant" or "restrict", the ms
 * from the call until it is seen inside, in the namespace that sees it last, and until it is answered. */
#include <fcntl.h>
#include <gio/gio.h>
#include <gio/gunixfdlist.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/names.h"

#define IN_ONE 5 /* changes of each kind in one instance: what it has of both is looked at with each that follows */

typedef struct {
  GDBusConnection *bus;
  char *instance;
  int links[2]; /* to the watchers in the instance's own mount namespace, and in the one that was made last */
  int n_links;
} Bench;

static gint64
now_ns (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return (gint64) now.tv_sec * 1000000000 + now.tv_nsec;
}

static GVariant *
call (const Bench *self, const char *path, const char *interface, const char *method, GVariant *arguments,
      GUnixFDList *fds)
{
  g_autoptr (GError) error = NULL;
  GVariant *reply =
      g_dbus_connection_call_with_unix_fd_list_sync (self->bus, SBX_BUS_NAME, path, interface, method, arguments, NULL,
                                                     G_DBUS_CALL_FLAGS_NONE, -1, fds, NULL, NULL, &error);

  if (!reply)
    g_error ("%s: %s", method, error->message);
  return reply;
}

static char *
hear (int link, char *text, gsize size)
{
  ssize_t n = recv (link, text, size - 1, 0);

  if (n <= 0)
    g_error ("the program inside has ended");
  text[n] = '\0';
  return text;
}

static void
tell (int link, const char *path)
{
  char text[32];

  if (send (link, path, strlen (path), MSG_NOSIGNAL) < 0)
    g_error ("the program inside does not listen");
  if (!g_str_equal (hear (link, text, sizeof text), "ready"))
    g_error ("the program inside says: %s", text);
}

/* Makes the call, and prints how long it took until the first @watchers of the watchers saw it. */
static void
measure (const Bench *self, const char *what, const char *method, GVariant *arguments, GUnixFDList *fds,
         const char *path, int watchers)
{
  gint64 begin, answered, seen = 0;
  char text[32];

  for (int i = 0; i < watchers; i++)
    tell (self->links[i], path);
  begin = now_ns ();
  g_variant_unref (call (self, self->instance, SBX_INSTANCE_INTERFACE, method, arguments, fds));
  answered = now_ns ();
  for (int i = 0; i < watchers; i++) {
    gint64 moment = g_ascii_strtoll (hear (self->links[i], text, sizeof text), NULL, 10);

    seen = MAX (seen, moment);
  }
  printf ("%s %.3f %.3f\n", what, (double) (seen - begin) / 1e6, (double) (answered - begin) / 1e6);
}

static void
grant (const Bench *self, const char *path)
{
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
  g_autofree char *file = g_build_filename (path, "file", NULL);
  int fd = open (path, O_PATH | O_CLOEXEC), handle = g_unix_fd_list_append (fds, fd, NULL);
  GVariantBuilder how;

  g_variant_builder_init (&how, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&how, "{sv}", "access", g_variant_new_string ("rw"));
  measure (self, "grant", "Grant", g_variant_new ("(h@aya{sv})", handle, g_variant_new_bytestring (path), &how), fds,
           file, 1);
  close (fd);
}

static void
take_away (const Bench *self, const char *path)
{
  g_autofree char *rule = g_strdup_printf ("!%s", path), *file = g_build_filename (path, "file", NULL);
  GVariantBuilder groups, context;

  g_variant_builder_init (&context, G_VARIANT_TYPE ("a{ss}"));
  g_variant_builder_add (&context, "{ss}", "filesystems", rule);
  g_variant_builder_init (&groups, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&groups, "{sv}", "Context", g_variant_builder_end (&context));
  measure (self, "restrict", "Restrict", g_variant_new ("(a{sv})", &groups), NULL, file, self->n_links);
}

static void
add_fd (GUnixFDList *fds, GVariantBuilder *numbers, guint number, int fd)
{
  g_variant_builder_add (numbers, "{uh}", number, g_unix_fd_list_append (fds, fd, NULL));
  close (fd);
}

static void
launch (Bench *self, const char *watch, const char *open_directory, int namespaces)
{
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
  g_autofree char *number = g_strdup_printf ("%d", namespaces);
  g_autoptr (GVariant) reply = NULL;
  const char *argv[] = { "/proc/self/fd/3", number, NULL };
  GVariantBuilder options, numbers, groups, context;
  int pair[2];

  g_variant_builder_init (&numbers, G_VARIANT_TYPE ("a{uh}"));
  for (guint i = 0; i < 2; i++) {
    if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
      g_error ("socketpair");
    self->links[i] = pair[0];
    add_fd (fds, &numbers, i, pair[1]);
  }
  add_fd (fds, &numbers, 2, dup (2));
  add_fd (fds, &numbers, 3, open (watch, O_RDONLY | O_CLOEXEC));
  self->n_links = namespaces > 1 ? 2 : 1;
  g_variant_builder_init (&context, G_VARIANT_TYPE ("a{ss}"));
  g_variant_builder_add (&context, "{ss}", "filesystems", open_directory);
  g_variant_builder_add (&context, "{ss}", "features", "weak-covers");
  g_variant_builder_init (&groups, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&groups, "{sv}", "Context", g_variant_builder_end (&context));
  g_variant_builder_init (&options, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&options, "{sv}", "fds", g_variant_builder_end (&numbers));
  g_variant_builder_add (&options, "{sv}", "policy", g_variant_builder_end (&groups));
  reply = call (self, SBX_MANAGER_PATH, SBX_MANAGER_INTERFACE, "Launch",
                g_variant_new ("(s@aaya{sv})", "devel", g_variant_new_bytestring_array (argv, -1), &options), fds);
  g_variant_get (reply, "(o)", &self->instance);
}

static void
make_file (const char *directory, const char *group, int i, char **path)
{
  g_autofree char *number = g_strdup_printf ("%d", i), *file = NULL;

  *path = g_build_filename (directory, group, number, NULL);
  file = g_build_filename (*path, "file", NULL);
  if (g_mkdir_with_parents (*path, 0700) < 0 || !g_file_set_contents (file, "x", 1, NULL))
    g_error ("%s cannot be made", *path);
}

/* One instance, and what is measured in that. */
static void
run (Bench *self, char **argv, int first)
{
  for (int i = first; i < first + IN_ONE; i++) {
    g_autofree char *given = NULL, *taken = NULL;

    make_file (argv[2], "given", i, &given);
    make_file (argv[2], "open", i, &taken);
    if (i == first) {
      g_autofree char *open_directory = g_path_get_dirname (taken);

      launch (self, argv[1], open_directory, atoi (argv[3]));
    }
    take_away (self, taken);
    grant (self, given);
  }
  g_variant_unref (call (self, self->instance, SBX_INSTANCE_INTERFACE, "Stop", g_variant_new ("(u)", 0u), NULL));
  g_free (self->instance);
  for (int i = 0; i < 2; i++)
    close (self->links[i]);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  Bench self = { .bus = g_bus_get_sync (G_BUS_TYPE_SESSION, NULL, &error) };
  int rounds = argc == 5 ? atoi (argv[4]) : 0;

  if (!self.bus || rounds < 1)
    g_error ("%s", error ? error->message : "usage: live-clock WATCH DIRECTORY NAMESPACES ROUNDS");
  for (int i = 0; i < rounds; i += IN_ONE)
    run (&self, argv, i);
  return 0;
}
