/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "learn/opening.h"

#include <string.h>

#include "common/path.h"
#include "policy/vocabulary.h"

/* What every sandbox has of the system, or has in a version of its own. */
static const char *const own_places[] = { "/usr",    "/bin", "/sbin", "/lib",  "/lib32", "/lib64",
                                          "/libx32", "/etc", "/proc", "/sys",  "/dev",   "/tmp",
                                          "/run",    "/var", "/boot", "/root", NULL };

typedef struct {
  const char *path; /* or how it begins */
  const char *word;
} Mapped;

static const Mapped devices[] = {
  { "/dev/dri/", "dri" },     { "/dev/input/", "input" },  { "/dev/kvm", "kvm" },
  { "/dev/bus/usb/", "usb" }, { "/dev/video", "camera" },  { "/dev/media", "camera" },
  { "/dev/snd/", "sound" },   { "/dev/hidraw", "hidraw" }, { NULL, NULL },
};

/* In the user's runtime directory */
static const Mapped runtime_sockets[] = {
  { "wayland-", "wayland" },       { "pulse/native", "pulseaudio" },
  { "pipewire-", "pipewire" },     { "gnupg/S.gpg-agent", "gpg-agent" },
  { "keyring/ssh", "ssh-auth" },   { "gcr/ssh", "ssh-auth" },
  { "openssh_agent", "ssh-auth" }, { NULL, NULL },
};

static const Mapped system_sockets[] = {
  { "/tmp/.X11-unix/X", "x11" },
  { "/run/cups/cups.sock", "cups" },
  { "/var/run/cups/cups.sock", "cups" },
  { "/run/pcscd/", "pcsc" },
  { NULL, NULL },
};

static const char *
find_word (const Mapped *map, const char *path)
{
  for (; map->path; map++)
    if (g_str_has_prefix (path, map->path))
      return map->word;
  return NULL;
}

gboolean
sbx_opening_can_write (const char *name)
{
  if (!g_utf8_validate (name, -1, NULL))
    return FALSE;
  for (const char *at = name; *at; at = g_utf8_next_char (at))
    if (!g_unichar_isprint (g_utf8_get_char (at)) || strchr (";:\\!#", *at))
      return FALSE;
  return name[0] != ' ' && !g_str_has_suffix (name, " ");
}

void
sbx_opening_clear (SbxOpening *self)
{
  g_clear_pointer (&self->value, g_free);
  g_clear_pointer (&self->path, g_free);
}

static gboolean
take_word (SbxOpening *opening, const char *key, guint index, const char *word, guint has)
{
  const SbxWord *known = word ? sbx_word_find (sbx_facility_get (SBX_KIND_FLAGS, index)->words, word) : NULL;

  if (!known || (has & known->value) == known->value)
    return FALSE;
  *opening = (SbxOpening){ .group = "Context", .key = key, .value = g_strdup (word) };
  return TRUE;
}

const char *
sbx_opening_word_of_device (const char *path)
{
  return find_word (devices, path);
}

const char *
sbx_opening_word_of_socket (const SbxLearnContext *context, const char *path)
{
  const char *runtime = context->places->runtime_dir, *word = find_word (system_sockets, path);

  if (!word && runtime && sbx_path_is_below (path, runtime) && strlen (path) > strlen (runtime))
    word = find_word (runtime_sockets, path + strlen (runtime) + 1);
  return word;
}

gboolean
sbx_opening_of_device (const SbxLearnContext *context, const char *path, SbxOpening *opening)
{
  return take_word (opening, "devices", SBX_FLAGS_DEVICES, sbx_opening_word_of_device (path),
                    sbx_policy_get_devices (context->policy));
}

gboolean
sbx_opening_of_socket (const SbxLearnContext *context, const char *path, SbxOpening *opening)
{
  const char *word = sbx_opening_word_of_socket (context, path);
  guint has = sbx_policy_get_sockets (context->policy);

  if (word && g_str_equal (word, "x11") && (has & SBX_SOCKET_FALLBACK_X11))
    return FALSE;
  return take_word (opening, "sockets", SBX_FLAGS_SOCKETS, word, has);
}

/* The first @n names of @path behind @above. */
static char *
first_names (const char *path, const char *above, guint n)
{
  const char *at = path + (g_str_equal (above, "/") ? 0 : strlen (above));

  while (n-- > 0 && *at == '/')
    at += 1 + strcspn (at + 1, "/");
  return g_strndup (path, (gsize) (at - path));
}

/* Where the user's directories of xdg-user-dirs are. NULL: not one of those, or the home itself. */
static char *
find_place (const SbxPathWord *word, const SbxPlaces *places)
{
  const char *said = word->usual && places->xdg_dirs ? places->xdg_dirs[word->directory] : NULL;

  if (!word->usual || (said && g_strcmp0 (said, places->home) == 0))
    return NULL;
  return said ? g_strdup (said) : g_build_filename (places->home, word->usual, NULL);
}

static const char *
find_user_directory (const SbxPlaces *places, const char *path, char **place)
{
  for (const SbxPathWord *word = sbx_path_words; word->word; word++) {
    *place = find_place (word, places);
    if (*place && sbx_path_is_below (path, *place))
      return word->word;
    g_clear_pointer (place, g_free);
  }
  return NULL;
}

static gboolean
is_named (const SbxLearnContext *context, const char *path)
{
  return context->named && g_strv_contains (context->named, path);
}

/* As a profile writes it. */
static char *
write_path (const SbxPlaces *places, const char *path, gboolean write)
{
  const char *access = write ? "" : ":ro";

  if (places->home && sbx_path_is_below (path, places->home) && !g_str_equal (path, places->home))
    return g_strdup_printf ("~%s%s", path + strlen (places->home), access);
  return g_strdup_printf ("%s%s", path, access);
}

/* Below which part of a home a program keeps things of its own: ~/.config/NAME, ~/.NAME. */
static char *
own_directory (const char *home, const char *path)
{
  static const char *const shared[] = { ".config", ".local/share", ".local/state", ".cache", ".local" };

  for (gsize i = 0; i < G_N_ELEMENTS (shared); i++) {
    g_autofree char *above = g_build_filename (home, shared[i], NULL);

    if (g_str_equal (path, above))
      return NULL;
    if (sbx_path_is_below (path, above))
      return first_names (path, above, 1);
  }
  return first_names (path, home, 1);
}

static gboolean
is_hidden (const char *home, const char *path)
{
  return g_str_has_prefix (path + strlen (home), "/.");
}

/* In the home: what begins with a dot and is written is kept in a copy of its own; anything else is opened. */
static gboolean
in_home (const SbxLearnContext *context, const char *path, gboolean write, SbxOpening *opening)
{
  const SbxPlaces *places = context->places;
  g_autofree char *place = NULL, *own = NULL;
  const char *word = find_user_directory (places, path, &place);

  if (word) {
    *opening = (SbxOpening){
      "Context", "filesystems", g_strdup_printf ("%s%s", word, write ? "" : ":ro"), g_steal_pointer (&place),
      FALSE,     FALSE
    };
    return TRUE;
  }
  own = is_hidden (places->home, path) ? own_directory (places->home, path) : first_names (path, places->home, 1);
  if (!own)
    return FALSE;
  if (is_hidden (places->home, path) && write) {
    if (sbx_policy_get_persistent (context->policy)[0])
      return FALSE; /* it has a copy of its own */
    *opening = (SbxOpening){ "Context", "persistent", g_strdup (own + strlen (places->home) + 1), NULL, FALSE, TRUE };
    return TRUE;
  }
  *opening =
      (SbxOpening){ "Context", "filesystems", write_path (places, own, write), g_steal_pointer (&own), FALSE, FALSE };
  return TRUE;
}

static gboolean
elsewhere (const SbxLearnContext *context, const char *path, gboolean write, SbxOpening *opening)
{
  gboolean deep = sbx_path_is_below (path, "/media") || sbx_path_is_below (path, "/home");
  g_autofree char *above = first_names (path, "/", deep ? 3 : 2);
  SbxOutside outside = { 0 };

  for (const char *const *place = own_places; *place; place++)
    if (sbx_path_is_below (path, *place))
      return FALSE;
  if (!*above || !strchr (above + 1, '/'))
    return FALSE; /* "/" and what lies in it: too much to be asked for */
  context->look (above, &outside, context->data);
  *opening = (SbxOpening){ "Context",        "filesystems", write_path (context->places, above, write),
                           g_strdup (above), FALSE,         outside.of_system && !write && !outside.target };
  g_free (outside.target);
  return TRUE;
}

/* Whether that is another name inside, of what is open: what the host has there is not meant. */
static gboolean
is_second_name (const SbxLearnContext *context, const char *path)
{
  gsize n;
  const SbxAttached *attached = sbx_policy_get_attached (context->policy, &n);

  for (gsize i = 0; i < n; i++)
    if (sbx_path_is_below (path, attached[i].where))
      return TRUE;
  return FALSE;
}

gboolean
sbx_opening_of_path (const SbxLearnContext *context, const char *path, gboolean write, SbxOpening *opening)
{
  const char *home = context->places->home;

  if (is_second_name (context, path))
    return FALSE;
  if (is_named (context, path)) {
    *opening = (SbxOpening){ "Context",       "filesystems", write_path (context->places, path, write),
                             g_strdup (path), TRUE,          FALSE };
    return TRUE;
  }
  if (home && g_str_equal (path, home))
    return FALSE;
  if (home && sbx_path_is_below (path, home))
    return in_home (context, path, write, opening);
  return elsewhere (context, path, write, opening);
}
