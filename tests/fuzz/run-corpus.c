/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The corpus of a fuzzer as a test: each file, and each beginning of it, since what is cut off is what readers trip
 * over. Usage: corpus-NAME DIRECTORY... */
#include <glib.h>
#include <string.h>

#include "fuzz.h"

#define BEGINNINGS 2048

/* In a copy of just that size, so that a sanitizer sees a byte too many. */
static void
run (const char *data, gsize size)
{
  uint8_t *copy = malloc (size + (size == 0));

  MUST (copy != NULL);
  if (size > 0)
    memcpy (copy, data, size);
  MUST (LLVMFuzzerTestOneInput (copy, size) == 0);
  free (copy);
}

/* Every file of @path. Returns the next number. */
static guint
run_directory (const char *path, guint n)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) dir = g_dir_open (path, 0, &error);
  const char *name;

  while (dir && (name = g_dir_read_name (dir))) {
    g_autofree char *file = g_build_filename (path, name, NULL), *data = NULL;
    gsize size;

    if (!g_file_get_contents (file, &data, &size, &error))
      break;
    for (gsize i = 1; i < size && i < BEGINNINGS; i++)
      run (data, i);
    run (data, size);
    g_print ("ok %u %s\n", ++n, name);
  }
  if (error)
    g_error ("corpus: %s", error->message);
  return n;
}

int
main (int argc, char **argv)
{
  guint n = 0;

  run ("", 0);
  for (int i = 1; i < argc; i++)
    n = run_directory (argv[i], n);
  g_print ("1..%u\n", n);
  return n == 0;
}
