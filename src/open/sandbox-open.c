/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sandbox-open: what applications in a sandbox find as xdg-open, x-www-browser, xdg-email and so on. It hands links,
 * files, folders and mails to the desktop's portal, which opens them outside: else a browser or a mailer would start in
 * the sandbox of whoever shows a link.
 *
 * A portal forgets what it was asked by somebody who leaves the bus, also while it still asks its user which
 * application to take; and who calls xdg-open may wait for its end. So a child asks, tells its parent when the portal
 * has taken the question, and stays until that is answered.
 *
 * Exit status, as of xdg-open: 0; 1 for words that are none; 2 for a file that is not there; 4 for all else. */
#include <fcntl.h>
#include <gio/gio.h>
#include <gio/gunixfdlist.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PORTAL "org.freedesktop.portal.Desktop"
#define OBJECT "/org/freedesktop/portal/desktop"
#define OPEN_URI "org.freedesktop.portal.OpenURI"
#define EMAIL "org.freedesktop.portal.Email"
#define ANSWER_MS 25000
#define DIALOG_SECONDS 600

enum { EXIT_USAGE = 1, EXIT_MISSING = 2, EXIT_FAILED = 4 };

typedef struct {
  const char *name; /* by which it was called */
  GDBusConnection *bus;
  GMainLoop *loop;
  guint waiting; /* questions that are not answered */
} Opener;

static int
fail (const Opener *self, int status, const char *format, const char *word)
{
  g_autofree char *text = g_strdup_printf ("%s: %s: %s\n", self->name, word, format);

  fputs (text, stderr);
  return status;
}

/* One that is answered, or whose portal has gone. */
static void
on_response (GDBusConnection *bus, const char *sender, const char *path, const char *interface, const char *signal,
             GVariant *parameters, gpointer user_data)
{
  Opener *self = user_data;

  if (--self->waiting == 0)
    g_main_loop_quit (self->loop);
}

/* The options of a question, with a token by which its answer is known; g_variant_dict_unref (). */
static GVariantDict *
make_options (Opener *self)
{
  g_autofree char *token = g_strdup_printf ("sandbox%u", g_random_int ());
  g_autofree char *sender = g_strdup (g_dbus_connection_get_unique_name (self->bus) + 1);
  g_autofree char *path = NULL;
  GVariantDict *options = g_variant_dict_new (NULL);

  g_strdelimit (sender, ".", '_');
  path = g_strconcat (OBJECT "/request/", sender, "/", token, NULL);
  g_dbus_connection_signal_subscribe (self->bus, PORTAL, "org.freedesktop.portal.Request", "Response", path, NULL,
                                      G_DBUS_SIGNAL_FLAGS_NO_MATCH_RULE, on_response, self, NULL);
  g_variant_dict_insert (options, "handle_token", "s", token);
  return options;
}

/* Asks, and returns when the portal has taken the question. @parameters is floating. */
static gboolean
ask (Opener *self, const char *interface, const char *method, GVariant *parameters, GUnixFDList *fds, GError **error)
{
  g_autoptr (GVariant) reply = g_dbus_connection_call_with_unix_fd_list_sync (
      self->bus, PORTAL, OBJECT, interface, method, parameters, G_VARIANT_TYPE ("(o)"), G_DBUS_CALL_FLAGS_NONE,
      ANSWER_MS, fds, NULL, NULL, error);

  self->waiting += reply != NULL;
  return reply != NULL;
}

static gboolean
open_uri (Opener *self, const char *uri, GError **error)
{
  g_autoptr (GVariantDict) options = make_options (self);

  return ask (self, OPEN_URI, "OpenURI", g_variant_new ("(ss@a{sv})", "", uri, g_variant_dict_end (options)), NULL,
              error);
}

static gboolean
open_descriptor (Opener *self, int fd, GError **error)
{
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
  g_autoptr (GVariantDict) options = make_options (self);
  int handle = g_unix_fd_list_append (fds, fd, error);

  return handle >= 0
         && ask (self, OPEN_URI, "OpenFile", g_variant_new ("(sh@a{sv})", "", handle, g_variant_dict_end (options)),
                 fds, error);
}

/* A file may be one that can be named and not read. */
static int
open_path (const char *path)
{
  int fd = open (path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

  return fd >= 0 ? fd : open (path, O_PATH | O_CLOEXEC);
}

static int
finish (const Opener *self, gboolean ok, const char *word, const GError *error)
{
  g_autofree char *text = ok ? NULL : g_strdup (error->message);

  if (ok)
    return 0;
  return fail (self, EXIT_FAILED, text, word);
}

/* A URI, or a file by its path. */
static int
open_word (Opener *self, const char *word)
{
  g_autofree char *scheme = g_uri_parse_scheme (word), *path = NULL;
  g_autoptr (GError) error = NULL;
  int fd;
  gboolean ok;

  if (scheme && g_ascii_strcasecmp (scheme, "file") != 0) {
    ok = open_uri (self, word, &error);
    return finish (self, ok, word, error);
  }
  path = scheme ? g_filename_from_uri (word, NULL, NULL) : g_strdup (word);
  fd = path ? open_path (path) : -1;
  if (fd < 0)
    return fail (self, EXIT_MISSING, "there is no such file here", word);
  ok = open_descriptor (self, fd, &error);
  close (fd);
  return finish (self, ok, word, error);
}

/* The options of xdg-email(1) that take a value, and what they are called to the portal. */
typedef struct {
  char *subject, *body;
  GPtrArray *attachments, *addresses, *cc, *bcc;
} Mail;

static gboolean
add_attachments (const Mail *mail, GVariantDict *options, GUnixFDList *fds, GError **error)
{
  GVariantBuilder handles;

  g_variant_builder_init (&handles, G_VARIANT_TYPE ("ah"));
  for (guint i = 0; i < mail->attachments->len; i++) {
    int fd = open_path (mail->attachments->pdata[i]);
    int handle = fd < 0 ? -1 : g_unix_fd_list_append (fds, fd, error);

    if (fd >= 0)
      close (fd);
    if (handle < 0)
      g_printerr ("xdg-email: %s is left out\n", (const char *) mail->attachments->pdata[i]);
    else
      g_variant_builder_add (&handles, "h", handle);
  }
  g_variant_dict_insert_value (options, "attachment_fds", g_variant_builder_end (&handles));
  return TRUE;
}

static void
add_list (GVariantDict *options, const char *key, GPtrArray *words)
{
  if (words && words->len > 0)
    g_variant_dict_insert_value (options, key,
                                 g_variant_new_strv ((const char *const *) words->pdata, (gssize) words->len));
}

static int
send_mail (Opener *self, const Mail *mail)
{
  g_autoptr (GVariantDict) options = make_options (self);
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
  g_autoptr (GError) error = NULL;
  gboolean ok;

  add_list (options, "addresses", mail->addresses);
  add_list (options, "cc", mail->cc);
  add_list (options, "bcc", mail->bcc);
  if (mail->subject)
    g_variant_dict_insert (options, "subject", "s", mail->subject);
  if (mail->body)
    g_variant_dict_insert (options, "body", "s", mail->body);
  ok = add_attachments (mail, options, fds, &error)
       && ask (self, EMAIL, "ComposeEmail", g_variant_new ("(s@a{sv})", "", g_variant_dict_end (options)), fds, &error);
  return finish (self, ok, "mail", error);
}

static void
mail_clear (Mail *mail)
{
  g_free (mail->subject);
  g_free (mail->body);
  g_ptr_array_unref (mail->attachments);
  g_ptr_array_unref (mail->addresses);
  g_ptr_array_unref (mail->cc);
  g_ptr_array_unref (mail->bcc);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Mail, mail_clear)

static int
compose (Opener *self, char **words)
{
  g_auto (Mail) mail = { NULL, NULL, g_ptr_array_new (), g_ptr_array_new (), g_ptr_array_new (), g_ptr_array_new () };

  for (; *words; words++) {
    GPtrArray *list = strcmp (*words, "--cc") == 0       ? mail.cc
                      : strcmp (*words, "--bcc") == 0    ? mail.bcc
                      : strcmp (*words, "--attach") == 0 ? mail.attachments
                                                         : NULL;
    char **text = strcmp (*words, "--subject") == 0 ? &mail.subject
                  : strcmp (*words, "--body") == 0  ? &mail.body
                                                    : NULL;

    if (strcmp (*words, "--utf8") == 0)
      continue;
    if (g_str_has_prefix (*words, "mailto:") && !words[1])
      return open_word (self, *words);
    if (!list && !text && **words == '-')
      return fail (self, EXIT_USAGE, "this option is not known here", *words);
    if ((list || text) && !words[1])
      return fail (self, EXIT_USAGE, "a value is missing", *words);
    if (list)
      g_ptr_array_add (list, *++words);
    else if (text) {
      g_free (*text);
      *text = g_strdup (*++words);
    } else
      g_ptr_array_add (mail.addresses, *words);
  }
  return send_mail (self, &mail);
}

static int
open_words (Opener *self, char **words)
{
  int status = EXIT_USAGE;

  if (*words && strcmp (*words, "--launch") == 0) /* exo-open --launch WebBrowser URL */
    words += words[1] ? 2 : 1;
  if (!*words)
    return fail (self, EXIT_USAGE, "name a link or a file; there is no browser in this sandbox", "nothing to open");
  for (; *words; words++) {
    if (**words == '-')
      return fail (self, EXIT_USAGE, "this option is not known here", *words);
    status = open_word (self, *words);
    if (status != 0)
      return status;
  }
  return status;
}

static gboolean
give_up (gpointer user_data)
{
  g_main_loop_quit (((Opener *) user_data)->loop);
  return G_SOURCE_REMOVE;
}

/* What nobody waits for any more must not hold the ends of pipes that somebody reads. */
static void
let_go (int fd)
{
  int null = open ("/dev/null", O_RDWR | O_CLOEXEC);

  if (null >= 0)
    dup2 (null, fd);
}

/* The child: @told gets the exit status as soon as it is known. */
static void
serve (Opener *self, char **words, int told)
{
  g_autoptr (GError) error = NULL;
  unsigned char status;

  self->bus = g_bus_get_sync (G_BUS_TYPE_SESSION, NULL, &error);
  if (!self->bus)
    status = (unsigned char) fail (self, EXIT_FAILED, error->message, "there is no bus to the desktop");
  else if (strcmp (self->name, "xdg-email") == 0)
    status = (unsigned char) compose (self, words);
  else
    status = (unsigned char) open_words (self, words);
  let_go (STDERR_FILENO);
  if (write (told, &status, 1) != 1)
    return;
  close (told);
  if (status != 0 || self->waiting == 0)
    return;
  self->loop = g_main_loop_new (NULL, FALSE);
  g_timeout_add_seconds (DIALOG_SECONDS, give_up, self);
  g_main_loop_run (self->loop);
}

int
main (int argc, char **argv)
{
  g_autofree char *name = g_path_get_basename (argc > 0 ? argv[0] : "xdg-open");
  Opener self = { .name = name };
  unsigned char status = EXIT_FAILED;
  int told[2];

  if (argc == 2 && strcmp (argv[1], "--version") == 0) {
    printf ("%s: links go to the desktop's portal, out of this sandbox\n", name);
    return 0;
  }
  if (pipe2 (told, O_CLOEXEC) < 0)
    return EXIT_FAILED;
  switch (fork ()) {
  case -1:
    return EXIT_FAILED;
  case 0:
    close (told[0]);
    setsid ();
    let_go (STDIN_FILENO);
    let_go (STDOUT_FILENO);
    serve (&self, argv + 1, told[1]);
    _exit (0);
  default:
    close (told[1]);
    return read (told[0], &status, 1) == 1 ? status : EXIT_FAILED;
  }
}
