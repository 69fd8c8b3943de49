/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every rule of the authorisation table, driven: each kind of caller, without an authority, with its yes and its no. */
#include <gio/gio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/error.h"
#include "common/names.h"
#include "daemon/bus/methods.h"

/* Every rule, driven: what it makes of each kind of caller, about an instance and about none. */
enum { REFUSE = SBX_VERDICT_REFUSE, FREE = SBX_VERDICT_FREE, ASK = SBX_VERDICT_ASK, CLASSES = SBX_VERDICT_ASK_CLASSES };

static const struct {
  const char *who;
  SbxStanding standing;
  struct {
    int method, read;
  } verdicts[SBX_N_GATE_RULES]; /* OPEN, OUTSIDE, ASK_ALIEN, LAUNCH, CLASSES, ASK_OUTSIDE */
} askers[] = {
  { "outside, about nothing",
    { SBX_WHERE_OUTSIDE, FALSE, FALSE, FALSE, FALSE },
    { { FREE, FREE }, { FREE, FREE }, { ASK, ASK }, { CLASSES, CLASSES }, { CLASSES, CLASSES }, { ASK, ASK } } },
  { "outside, another's instance",
    { SBX_WHERE_OUTSIDE, TRUE, TRUE, FALSE, FALSE },
    { { FREE, FREE }, { FREE, FREE }, { ASK, ASK }, { CLASSES, CLASSES }, { CLASSES, CLASSES }, { ASK, ASK } } },
  { "outside, its own work",
    { SBX_WHERE_OUTSIDE, TRUE, TRUE, TRUE, FALSE },
    { { FREE, FREE }, { FREE, FREE }, { FREE, FREE }, { CLASSES, CLASSES }, { CLASSES, CLASSES }, { FREE, FREE } } },
  { "inside, about nothing",
    { SBX_WHERE_INSTANCE, FALSE, FALSE, FALSE, FALSE },
    { { FREE, FREE },
      { REFUSE, REFUSE },
      { REFUSE, REFUSE },
      { CLASSES, CLASSES },
      { REFUSE, REFUSE },
      { REFUSE, REFUSE } } },
  { "inside, itself",
    { SBX_WHERE_INSTANCE, TRUE, TRUE, FALSE, TRUE },
    { { FREE, FREE },
      { REFUSE, REFUSE },
      { REFUSE, FREE },
      { REFUSE, REFUSE },
      { REFUSE, REFUSE },
      { REFUSE, REFUSE } } },
  { "inside, its own work",
    { SBX_WHERE_INSTANCE, TRUE, TRUE, TRUE, FALSE },
    { { FREE, FREE },
      { REFUSE, REFUSE },
      { FREE, FREE },
      { REFUSE, REFUSE },
      { REFUSE, REFUSE },
      { REFUSE, REFUSE } } },
  { "inside, what it must not see",
    { SBX_WHERE_INSTANCE, TRUE, FALSE, FALSE, FALSE },
    { { REFUSE, REFUSE },
      { REFUSE, REFUSE },
      { REFUSE, REFUSE },
      { REFUSE, REFUSE },
      { REFUSE, REFUSE },
      { REFUSE, REFUSE } } },
  { "some sandbox, about nothing",
    { SBX_WHERE_UNKNOWN, FALSE, FALSE, FALSE, FALSE },
    { { FREE, FREE },
      { REFUSE, REFUSE },
      { REFUSE, REFUSE },
      { REFUSE, REFUSE },
      { REFUSE, REFUSE },
      { REFUSE, REFUSE } } },
  { "some sandbox, an instance",
    { SBX_WHERE_UNKNOWN, TRUE, FALSE, FALSE, FALSE },
    { { REFUSE, REFUSE },
      { REFUSE, REFUSE },
      { REFUSE, REFUSE },
      { REFUSE, REFUSE },
      { REFUSE, REFUSE },
      { REFUSE, REFUSE } } },
};

static void
test_rules (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (askers); i++)
    for (int rule = 0; rule < SBX_N_GATE_RULES; rule++) {
      int method = sbx_gate_judge (SBX_GATE_METHOD, (SbxGateRule) rule, &askers[i].standing);
      int read = sbx_gate_judge (SBX_GATE_READ, (SbxGateRule) rule, &askers[i].standing);

      if (method != askers[i].verdicts[rule].method || read != askers[i].verdicts[rule].read)
        g_error ("%s, rule %d: %d and %d", askers[i].who, rule, method, read);
    }
  /* A rule that nobody has thought of */
  for (gsize i = 0; i < G_N_ELEMENTS (askers); i++)
    g_assert_cmpint (sbx_gate_judge (SBX_GATE_METHOD, SBX_N_GATE_RULES, &askers[i].standing), ==, SBX_VERDICT_REFUSE);
}

/* A subject for this very process, at the other end of a pair. */
typedef struct {
  GDBusConnection *ends[2];
  SbxRuntimeDir *runtime;
  SbxRegistry *registry;
  SbxCallers *callers;
  SbxSubject *subject;
  GAsyncResult *result;
} Stage;

static void
on_end (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GDBusConnection **) user_data = g_dbus_connection_new_finish (result, NULL);
}

static void
on_subject (SbxSubject *subject, const GError *error, gpointer user_data)
{
  g_assert_no_error (error);
  ((Stage *) user_data)->subject = sbx_subject_ref (subject);
}

static void
stage_open (Stage *stage)
{
  static const char *const environment[] = { "XDG_RUNTIME_DIR=/nonexistent", NULL };
  g_autofree char *guid = g_dbus_generate_guid ();
  int pair[2];

  *stage = (Stage){ { NULL, NULL }, sbx_runtime_dir_new (environment), NULL, NULL, NULL, NULL };
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
  for (int i = 0; i < 2; i++) {
    g_autoptr (GSocket) sock = g_socket_new_from_fd (pair[i], NULL);
    g_autoptr (GSocketConnection) stream = g_socket_connection_factory_create_connection (sock);

    g_dbus_connection_new (G_IO_STREAM (stream), i == 0 ? guid : NULL,
                           i == 0 ? G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_SERVER
                                  : G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT,
                           NULL, NULL, on_end, &stage->ends[i]);
  }
  while (!stage->ends[0] || !stage->ends[1])
    g_main_context_iteration (NULL, TRUE);
  stage->registry = sbx_registry_new (stage->runtime);
  stage->callers = sbx_callers_new (stage->ends[0]);
  sbx_subject_find (stage->registry, stage->runtime, sbx_callers_get (stage->callers, stage->ends[0], NULL), on_subject,
                    stage);
  g_assert_nonnull (stage->subject);
}

static void
stage_close (Stage *stage)
{
  sbx_subject_unref (stage->subject);
  g_object_unref (stage->callers);
  g_object_unref (stage->registry);
  sbx_runtime_dir_free (stage->runtime);
  for (int i = 0; i < 2; i++)
    g_object_unref (stage->ends[i]);
}

static void
on_checked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  ((Stage *) user_data)->result = g_object_ref (result);
}

static gboolean
ask (Stage *stage, SbxAuthority *authority, const char *const *actions, gboolean nested, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  if (nested)
    sbx_authority_check_nested_async (authority, stage->subject, actions, NULL, on_checked, stage);
  else
    sbx_authority_check_async (authority, stage->subject, actions, FALSE, NULL, on_checked, stage);
  while (!stage->result)
    g_main_context_iteration (NULL, TRUE);
  result = g_steal_pointer (&stage->result);
  return sbx_authority_check_finish (authority, result, error);
}

/* A question for nothing is no yes, for root neither. The controls are the same questions with an action that is
 * anybody's, from the same caller. */
static void
test_empty_question (void)
{
  static const char *const nothing[] = { NULL };
  g_autofree const char **no_classes = sbx_gate_actions (NULL, 0);
  static const char *const launch[] = { SBX_ACTION_LAUNCH, NULL };
  g_autoptr (SbxAuthority) authority = NULL;
  g_autoptr (GError) error = NULL;
  Stage stage;

  g_setenv ("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent", TRUE);
  authority = sbx_authority_new ();
  stage_open (&stage);
  g_assert_cmpint (stage.subject->where, ==, SBX_WHERE_OUTSIDE);
  g_assert_true (ask (&stage, authority, launch, FALSE, &error));
  g_assert_no_error (error);
  g_assert_false (ask (&stage, authority, nothing, FALSE, &error));
  g_assert_error (error, SBX_ERROR, SBX_ERROR_NOT_AUTHORIZED);
  g_clear_error (&error);
  g_assert_false (ask (&stage, authority, no_classes, FALSE, &error));
  g_assert_error (error, SBX_ERROR, SBX_ERROR_NOT_AUTHORIZED);
  g_clear_error (&error);
  g_assert_false (ask (&stage, authority, nothing, TRUE, &error));
  g_assert_error (error, SBX_ERROR, SBX_ERROR_NOT_AUTHORIZED);
  g_clear_error (&error);

  /* In some sandbox: not even what is anybody's */
  stage.subject->where = SBX_WHERE_UNKNOWN;
  g_assert_false (ask (&stage, authority, launch, FALSE, &error));
  g_assert_error (error, SBX_ERROR, SBX_ERROR_NOT_AUTHORIZED);
  g_clear_error (&error);
  g_assert_false (ask (&stage, authority, launch, TRUE, &error));
  g_assert_error (error, SBX_ERROR, SBX_ERROR_NOT_AUTHORIZED);
  stage_close (&stage);
}

/* An authority in this process that always gives the same answer. */
typedef struct {
  GTestDBus *bus;
  GDBusConnection *connection;
  gboolean yes;
  guint asked;
} Polkit;

static const char polkit_xml[] =
    "<node><interface name='org.freedesktop.PolicyKit1.Authority'>"
    "<method name='CheckAuthorization'><arg type='(sa{sv})' direction='in'/><arg type='s' direction='in'/>"
    "<arg type='a{ss}' direction='in'/><arg type='u' direction='in'/><arg type='s' direction='in'/>"
    "<arg type='(bba{ss})' direction='out'/></method>"
    "<method name='CancelCheckAuthorization'><arg type='s' direction='in'/></method>"
    "<property name='BackendName' type='s' access='read'/><property name='BackendVersion' type='s' access='read'/>"
    "<property name='BackendFeatures' type='u' access='read'/><signal name='Changed'/></interface></node>";

static void
on_polkit_call (GDBusConnection *connection, const char *sender, const char *path, const char *interface,
                const char *method, GVariant *parameters, GDBusMethodInvocation *invocation, gpointer user_data)
{
  Polkit *polkit = user_data;

  polkit->asked++;
  g_dbus_method_invocation_return_value (invocation, g_variant_new ("((bba{ss}))", polkit->yes, FALSE, NULL));
}

static GVariant *
on_polkit_get (GDBusConnection *connection, const char *sender, const char *path, const char *interface,
               const char *name, GError **error, gpointer user_data)
{
  return g_str_equal (name, "BackendFeatures") ? g_variant_new_uint32 (0) : g_variant_new_string ("mock");
}

static void
polkit_start (Polkit *polkit)
{
  static const GDBusInterfaceVTable vtable = { .method_call = on_polkit_call, .get_property = on_polkit_get };
  g_autoptr (GDBusNodeInfo) node = g_dbus_node_info_new_for_xml (polkit_xml, NULL);
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GError) error = NULL;

  polkit->bus = g_test_dbus_new (G_TEST_DBUS_NONE);
  g_test_dbus_up (polkit->bus);
  g_setenv ("DBUS_SYSTEM_BUS_ADDRESS", g_test_dbus_get_bus_address (polkit->bus), TRUE);
  polkit->connection = g_dbus_connection_new_for_address_sync (g_test_dbus_get_bus_address (polkit->bus),
                                                               G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT
                                                                   | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                                               NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_dbus_connection_register_object (polkit->connection, "/org/freedesktop/PolicyKit1/Authority",
                                                       node->interfaces[0], &vtable, polkit, NULL, NULL),
                    !=, 0);
  reply = g_dbus_connection_call_sync (polkit->connection, "org.freedesktop.DBus", "/", "org.freedesktop.DBus",
                                       "RequestName", g_variant_new ("(su)", "org.freedesktop.PolicyKit1", 0), NULL,
                                       G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL);
  g_assert_nonnull (reply);
}

/* Without the authority that is to be there, a busy machine has been too slow: again. */
static SbxAuthority *
find_authority (const char *kind)
{
  SbxAuthority *authority = NULL;

  for (int tries = 0; tries < 10 && (!authority || !g_str_equal (sbx_authority_get_kind (authority), kind)); tries++) {
    g_clear_object (&authority);
    authority = sbx_authority_new ();
    while (g_str_equal (sbx_authority_get_kind (authority), "unknown"))
      g_main_context_iteration (NULL, TRUE);
  }
  g_assert_cmpstr (sbx_authority_get_kind (authority), ==, kind);
  return authority;
}

typedef enum { AUTHORITY_NONE, AUTHORITY_YES, AUTHORITY_NO, N_AUTHORITIES } Kind;

/* Does @asker get through a gate with @rule and an action as in the tables, for a call that comes to @classes? */
static gboolean
gets_through (Stage *stage, SbxAuthority *authority, gsize asker, SbxGateRule rule, guint classes)
{
  static const char *const actions[SBX_N_GATE_RULES] = {
    [SBX_GATE_ASK_ALIEN] = SBX_ACTION_CONTROL,
    [SBX_GATE_LAUNCH] = SBX_ACTION_LAUNCH,
    [SBX_GATE_ASK_OUTSIDE] = SBX_ACTION_OBSERVE,
  };
  const SbxStanding *standing = &askers[asker].standing;
  g_autofree const char **only = sbx_gate_actions (actions[rule], 0), **all = sbx_gate_actions (actions[rule], classes);

  stage->subject->where = standing->where;
  switch (sbx_gate_judge (SBX_GATE_METHOD, rule, standing)) {
  case SBX_VERDICT_REFUSE:
    return FALSE;
  case SBX_VERDICT_FREE:
    return TRUE;
  case SBX_VERDICT_ASK:
    return ask (stage, authority, only, FALSE, NULL);
  case SBX_VERDICT_ASK_CLASSES:
    return ask (stage, authority, all, standing->where == SBX_WHERE_INSTANCE, NULL);
  }
  g_assert_not_reached ();
}

/* What has to come out where polkit is asked at all: without an authority, with its yes, with its no. */
static gboolean
expected (SbxGateRule rule, guint classes, Kind kind)
{
  static const struct {
    SbxGateRule rule;
    guint classes;
    gboolean through[N_AUTHORITIES];
  } rows[] = {
    { SBX_GATE_ASK_ALIEN, 0, { TRUE, TRUE, FALSE } },
    { SBX_GATE_ASK_ALIEN, SBX_CLASS_FILES, { TRUE, TRUE, FALSE } }, /* which is none of its business */
    { SBX_GATE_ASK_OUTSIDE, 0, { TRUE, TRUE, FALSE } },
    { SBX_GATE_ASK_OUTSIDE, SBX_CLASS_FILES, { TRUE, TRUE, FALSE } },
    { SBX_GATE_LAUNCH, 0, { TRUE, TRUE, FALSE } },
    { SBX_GATE_LAUNCH, SBX_CLASS_FILES, { FALSE, TRUE, FALSE } },
    { SBX_GATE_CLASSES, 0, { FALSE, FALSE, FALSE } }, /* nothing is asked for: no yes */
    { SBX_GATE_CLASSES, SBX_CLASS_FILES, { FALSE, TRUE, FALSE } },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (rows[i].rule == rule && rows[i].classes == classes)
      return rows[i].through[kind];
  g_error ("rule %u asks, and nobody has said what is to come of it", rule);
}

static void
drive (Stage *stage, SbxAuthority *authority, Kind kind)
{
  static const guint classes[] = { 0, SBX_CLASS_FILES };

  for (gsize asker = 0; asker < G_N_ELEMENTS (askers); asker++)
    for (int rule = 0; rule < SBX_N_GATE_RULES; rule++)
      for (gsize i = 0; i < G_N_ELEMENTS (classes); i++) {
        int verdict = askers[asker].verdicts[rule].method;
        gboolean should = verdict == FREE;

        if (verdict == ASK || verdict == CLASSES)
          should = expected ((SbxGateRule) rule, classes[i], kind);
        if (gets_through (stage, authority, asker, (SbxGateRule) rule, classes[i]) != should)
          g_error ("%s, rule %d, classes %u, authority %d: %s", askers[asker].who, rule, classes[i], kind,
                   should ? "refused" : "let through");
      }
}

/* Root gets all that it names, so this is done by somebody else. */
static void
become_nobody (void)
{
  if (geteuid () != 0)
    return;
  g_assert_cmpint (setresgid (65534, 65534, 65534), ==, 0);
  g_assert_cmpint (setresuid (65534, 65534, 65534), ==, 0);
  g_assert_cmpint (prctl (PR_SET_DUMPABLE, 1), ==, 0); /* or nobody could look at where this process is */
}

/* Every rule, every kind of caller, without an authority, with one that says yes and one that says no. */
static void
test_drive (void)
{
  g_autoptr (SbxAuthority) absent = NULL, present = NULL;
  Polkit polkit = { 0 };
  Stage stage;

  if (!g_test_subprocess ()) {
    g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
    g_test_trap_assert_passed ();
    return;
  }
  become_nobody ();
  g_setenv ("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent", TRUE);
  stage_open (&stage);
  g_assert_cmpint (stage.subject->where, ==, SBX_WHERE_OUTSIDE);
  absent = find_authority ("none");
  drive (&stage, absent, AUTHORITY_NONE);
  polkit_start (&polkit);
  present = find_authority ("polkit");
  for (int yes = 0; yes < 2; yes++) {
    polkit.yes = yes;
    polkit.asked = 0;
    drive (&stage, present, yes ? AUTHORITY_YES : AUTHORITY_NO);
    g_assert_cmpuint (polkit.asked, >, 0);
  }
  stage_close (&stage);
  g_object_unref (polkit.connection);
  g_test_dbus_stop (polkit.bus); /* others hold the connection */
  g_object_unref (polkit.bus);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/authorize/rules", test_rules);
  g_test_add_func ("/authorize/drive", test_drive);
  g_test_add_func ("/authorize/empty-question", test_empty_question);
  return g_test_run ();
}
