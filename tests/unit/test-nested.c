/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Launches from inside of a sandbox: how many, who sees and controls which, what ends with whom. */
#include <glib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/error.h"
#include "daemon/bounds.h"
#include "daemon/identity/subject.h"
#include "daemon/instances/lineage.h"
#include "daemon/launch/nested.h"

#define ORPHAN_GRACE_MS 3000

/*   A ─▶ B ─▶ C     started one from inside of the other
 *   │
 *   H, a handler    D, another one from outside */
typedef enum { A, B, C, H, D, N } Name;

static const struct {
  guint64 id, parent;
  gboolean nested;
} family[N] = {
  [A] = { 1, 0, FALSE }, [B] = { 2, 1, TRUE }, [C] = { 3, 2, TRUE }, [H] = { 4, 1, FALSE }, [D] = { 5, 0, FALSE },
};

typedef struct {
  SbxRuntimeDir *runtime;
  SbxRegistry *registry;
  SbxInstance *instances[N];
  int keepers[N]; /* their ends */
} Fixture;

static SbxInstance *
add (Fixture *fixture, guint64 id, guint64 parent, gboolean nested, int sock)
{
  const SbxStatus running = { .state = SBX_STATUS_RUNNING, .pid = 42 };
  SbxInfo *info = sbx_info_new (id);
  SbxInstance *instance;

  info->parent = parent;
  info->nested = nested;
  instance = sbx_instance_new (info);
  sbx_instance_set_status (instance, &running);
  if (sock >= 0)
    sbx_instance_set_keeper (instance, sock);
  sbx_registry_add (fixture->registry, instance);
  return instance;
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  static const char *const environment[] = { "XDG_RUNTIME_DIR=/nonexistent", NULL };

  fixture->runtime = sbx_runtime_dir_new (environment);
  fixture->registry = sbx_registry_new (fixture->runtime);
  for (int i = 0; i < N; i++) {
    int pair[2];

    g_assert_cmpint (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), ==, 0);
    fixture->keepers[i] = pair[1];
    fixture->instances[i] = add (fixture, family[i].id, family[i].parent, family[i].nested, pair[0]);
  }
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  for (int i = 0; i < N; i++) {
    g_object_unref (fixture->instances[i]);
    close (fixture->keepers[i]);
  }
  g_object_unref (fixture->registry);
  sbx_runtime_dir_free (fixture->runtime);
}

static void
end (Fixture *fixture, Name name)
{
  const SbxStatus exited = { .state = SBX_STATUS_EXITED, .exit_time = g_get_real_time () };

  sbx_instance_end_by_status (fixture->instances[name], &exited);
}

static void
test_lineage (Fixture *fixture, gconstpointer data)
{
  /* [above][instance] */
  static const gboolean below[N][N] = { [A] = { [B] = TRUE, [C] = TRUE }, [B] = { [C] = TRUE } };
  static const Name top[N] = { [A] = A, [B] = A, [C] = A, [H] = H, [D] = D };

  for (int above = 0; above < N; above++)
    for (int i = 0; i < N; i++)
      g_assert_cmpint (sbx_lineage_is_below (fixture->registry, fixture->instances[above], fixture->instances[i]), ==,
                       below[above][i]);
  for (int i = 0; i < N; i++)
    g_assert_true (sbx_lineage_get_top (fixture->registry, fixture->instances[i]) == fixture->instances[top[i]]);
}

/* Records are files, and could name each other. */
static void
test_circle (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SbxInstance) first = add (fixture, 100, 101, TRUE, -1);
  g_autoptr (SbxInstance) second = add (fixture, 101, 100, TRUE, -1);
  g_autoptr (SbxInstance) own_parent = add (fixture, 102, 102, TRUE, -1);

  g_assert_true (sbx_lineage_is_below (fixture->registry, first, second));
  g_assert_false (sbx_lineage_is_below (fixture->registry, fixture->instances[A], second));
  g_assert_false (sbx_lineage_is_below (fixture->registry, fixture->instances[A], own_parent));
  g_assert_nonnull (sbx_lineage_get_top (fixture->registry, first));
  g_assert_true (sbx_lineage_get_top (fixture->registry, own_parent) == own_parent);
}

/* Whom a caller may know of, and whose starter it is, from each place. */
static void
test_subjects (Fixture *fixture, gconstpointer data)
{
  static const struct {
    SbxWhere where;
    int own; /* N: none */
    gboolean sees[N], starter[N];
  } rows[] = {
    { SBX_WHERE_OUTSIDE, N, { TRUE, TRUE, TRUE, TRUE, TRUE }, { [D] = TRUE } },
    { SBX_WHERE_INSTANCE, A, { [A] = TRUE, [B] = TRUE, [C] = TRUE }, { [B] = TRUE, [C] = TRUE, [D] = TRUE } },
    { SBX_WHERE_INSTANCE, B, { [B] = TRUE, [C] = TRUE }, { [C] = TRUE, [D] = TRUE } },
    { SBX_WHERE_INSTANCE, C, { [C] = TRUE }, { [D] = TRUE } },
    { SBX_WHERE_INSTANCE, H, { [H] = TRUE }, { [D] = TRUE } },
    { SBX_WHERE_UNKNOWN, N, { FALSE }, { [D] = TRUE } },
  };
  g_autoptr (GObject) caller = g_object_new (G_TYPE_OBJECT, NULL), other = g_object_new (G_TYPE_OBJECT, NULL);

  /* By the connection that it came over: only D is this caller's */
  sbx_instance_set_starter (fixture->instances[D], caller);
  sbx_instance_set_starter (fixture->instances[A], other);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    const SbxSubject subject = { fixture->registry, (SbxCaller *) caller, rows[i].where,
                                 rows[i].own == N ? NULL : fixture->instances[rows[i].own] };

    g_assert_cmpint (sbx_subject_check_outside (&subject, NULL), ==, rows[i].where == SBX_WHERE_OUTSIDE);
    for (int name = 0; name < N; name++) {
      g_assert_cmpint (sbx_subject_may_see (&subject, fixture->instances[name]), ==, rows[i].sees[name]);
      g_assert_cmpint (sbx_subject_is_starter (&subject, fixture->instances[name]), ==, rows[i].starter[name]);
    }
  }
}

static void
assert_room (Fixture *fixture, Name name, int code)
{
  g_autoptr (GError) error = NULL;
  gboolean room = sbx_nested_has_room (fixture->registry, fixture->instances[name], &error);

  g_assert_cmpint (room, ==, code < 0);
  if (code < 0)
    g_assert_no_error (error);
  else
    g_assert_error (error, SBX_ERROR, code);
}

/* The limit is for all that one from outside has below it, whoever of them asks. */
static void
test_room (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GPtrArray) more = g_ptr_array_new_with_free_func (g_object_unref);

  assert_room (fixture, A, -1);
  assert_room (fixture, C, -1);
  assert_room (fixture, H, SBX_ERROR_NOT_AUTHORIZED);
  for (guint i = 2; i < SBX_MAX_NESTED; i++) { /* B and C are two */
    assert_room (fixture, C, -1);
    g_ptr_array_add (more, add (fixture, 100 + i, family[i % 2 ? A : C].id, TRUE, -1));
  }
  assert_room (fixture, A, SBX_ERROR_LIMITS);
  assert_room (fixture, C, SBX_ERROR_LIMITS);
  assert_room (fixture, D, -1);
  end (fixture, B); /* C stays below A, of which it descends by a record that is there still */
  assert_room (fixture, A, -1);
  assert_room (fixture, B, SBX_ERROR_EXITED);
}

/* The STOP that the keeper of @name gets, or 0. */
static int
read_stop (Fixture *fixture, Name name)
{
  int fds[SBX_MESSAGE_FDS];
  SbxMessage message;
  gsize n;

  if (sbx_message_recv_now (fixture->keepers[name], SBX_CHANNEL_DAEMON_TO_KEEPER, &message, fds, &n, NULL) != 1)
    return 0;
  g_assert_cmpuint (message.type, ==, SBX_MSG_STOP);
  return message.value;
}

static void
stop_orphans (Fixture *fixture)
{
  for (int i = 0; i < N; i++)
    if (sbx_instance_get_state (fixture->instances[i]) == SBX_STATE_RUNNING)
      sbx_nested_stop_orphan (fixture->registry, fixture->instances[i]);
}

static void
test_orphans (Fixture *fixture, gconstpointer data)
{
  stop_orphans (fixture);
  for (int i = 0; i < N; i++)
    g_assert_cmpint (read_stop (fixture, (Name) i), ==, 0);
  end (fixture, A);
  stop_orphans (fixture);
  g_assert_cmpint (read_stop (fixture, B), ==, ORPHAN_GRACE_MS);
  g_assert_cmpint (read_stop (fixture, C), ==, 0); /* with B, later */
  g_assert_cmpint (read_stop (fixture, H), ==, 0); /* which its keeper ends with the target */
  g_assert_cmpint (read_stop (fixture, D), ==, 0);
  end (fixture, B);
  stop_orphans (fixture);
  g_assert_cmpint (read_stop (fixture, C), ==, ORPHAN_GRACE_MS);
}

/* One whose starter no record tells of any more. */
static void
test_unknown_starter (Fixture *fixture, gconstpointer data)
{
  int fds[SBX_MESSAGE_FDS], pair[2];
  g_autoptr (SbxInstance) instance = NULL;
  SbxMessage message;
  gsize n;

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), ==, 0);
  instance = add (fixture, 200, 999, TRUE, pair[0]);
  sbx_nested_stop_orphan (fixture->registry, instance);
  g_assert_cmpint (sbx_message_recv_now (pair[1], SBX_CHANNEL_DAEMON_TO_KEEPER, &message, fds, &n, NULL), ==, 1);
  g_assert_cmpuint (message.type, ==, SBX_MSG_STOP);
  close (pair[1]);
}

#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("/lineage/family", test_lineage);
  ADD ("/lineage/circle", test_circle);
  ADD ("/nested/subjects", test_subjects);
  ADD ("/nested/room", test_room);
  ADD ("/nested/orphans", test_orphans);
  ADD ("/nested/unknown-starter", test_unknown_starter);
  return g_test_run ();
}
