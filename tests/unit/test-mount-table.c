/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Under which names something is to be seen, in made-up tables of mounts. */
#include <glib.h>
#include <string.h>

#include "sources/mount-table.h"

#define ROOT "20 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw\n"

static SbxMountTable *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  SbxMountTable *table = sbx_mount_table_parse (text, &error);

  g_assert_no_error (error);
  return table;
}

static int
compare (gconstpointer a, gconstpointer b)
{
  return strcmp (*(char *const *) a, *(char *const *) b);
}

static void
assert_list (GPtrArray *list, const char *wanted)
{
  g_autofree char *joined = NULL;

  g_ptr_array_sort (list, compare);
  g_ptr_array_add (list, NULL);
  joined = g_strjoinv (" ", (char **) list->pdata);
  g_assert_cmpstr (joined, ==, wanted);
  g_ptr_array_unref (list);
}

static void
assert_aliases (const char *text, const char *path, const char *wanted)
{
  g_autoptr (SbxMountTable) table = parse (text);

  assert_list (sbx_mount_table_aliases (table, path), wanted);
}

static void
assert_parts (const char *text, const char *path, const char *wanted)
{
  g_autoptr (SbxMountTable) table = parse (text);

  assert_list (sbx_mount_table_parts (table, path), wanted);
}

static void
test_one (void)
{
  assert_aliases (ROOT, "/home/u/.config", "/home/u/.config");
  assert_aliases (ROOT, "/", "/");
  assert_parts (ROOT, "/home/u/.config", "");
}

/* A directory that is mounted a second time, above what is looked for, on it, and below it. */
static void
test_bind (void)
{
  assert_aliases (ROOT "21 20 8:1 /home /mnt/home2 rw - ext4 /dev/sda1 rw\n", "/home/u/.config",
                  "/home/u/.config /mnt/home2/u/.config");
  assert_aliases (ROOT "21 20 8:1 /home/u/.config /mnt/c rw - ext4 /dev/sda1 rw\n", "/home/u/.config",
                  "/home/u/.config /mnt/c");
  assert_aliases (ROOT "21 20 8:1 /home/u/.config/sandbox /mnt/s rw - ext4 /dev/sda1 rw\n", "/home/u/.config",
                  "/home/u/.config");
  assert_parts (ROOT "21 20 8:1 /home/u/.config/sandbox /mnt/s rw - ext4 /dev/sda1 rw\n", "/home/u/.config", "/mnt/s");
  assert_parts (ROOT "21 20 8:1 /home/u/.config/a /home/u/.config/b rw - ext4 /dev/sda1 rw\n", "/home/u/.config", "");
  assert_aliases (ROOT "21 20 8:1 /home/user2 /mnt/c rw - ext4 /dev/sda1 rw\n", "/home/u/.config", "/home/u/.config");
  assert_aliases (ROOT "21 20 8:1 / /mnt/all rw - ext4 /dev/sda1 rw\n", "/home/u", "/home/u /mnt/all/home/u");
}

/* Seen from the second name, the first is the alias. */
static void
test_both_ways (void)
{
  static const char text[] = ROOT "21 20 8:1 /home /mnt/home2 rw - ext4 /dev/sda1 rw\n";

  assert_aliases (text, "/mnt/home2/u", "/home/u /mnt/home2/u");
  assert_aliases (text, "/mnt/home2", "/home /mnt/home2");
}

static void
test_other_device (void)
{
  assert_aliases (ROOT "21 20 8:2 / /home rw - ext4 /dev/sda2 rw\n22 20 8:1 /home /mnt/old rw - ext4 /dev/sda1 rw\n",
                  "/home/u", "/home/u");
  assert_aliases (ROOT "21 20 8:2 / /home rw - ext4 /dev/sda2 rw\n22 20 8:2 /u /mnt/u rw - ext4 /dev/sda2 rw\n",
                  "/home/u", "/home/u /mnt/u");
}

/* A mount that another one hides shows nothing, also when that lies further up. */
static void
test_hidden (void)
{
  static const char bind[] = ROOT "21 20 8:1 /home /mnt/a/b rw - ext4 /dev/sda1 rw\n";
  g_autofree char *above = g_strconcat (bind, "22 20 0:9 / /mnt/a rw - tmpfs tmpfs rw\n", NULL);
  g_autofree char *upon = g_strconcat (bind, "22 21 0:9 / /mnt/a/b rw - tmpfs tmpfs rw\n", NULL);
  g_autofree char *inside = g_strconcat (bind, "22 21 0:9 / /mnt/a/b/u rw - tmpfs tmpfs rw\n", NULL);

  assert_aliases (bind, "/home/u", "/home/u /mnt/a/b/u");
  assert_aliases (above, "/home/u", "/home/u");
  assert_aliases (upon, "/home/u", "/home/u");
  assert_aliases (inside, "/home/u", "/home/u");
  assert_aliases (inside, "/home/v", "/home/v /mnt/a/b/v");
}

/* A subvolume of btrfs: the root of the mount is not that of the file system. */
static void
test_subvolume (void)
{
  assert_aliases ("20 1 0:30 /@ / rw - btrfs /dev/sda1 rw\n21 20 0:30 /@home /home rw - btrfs /dev/sda1 rw\n"
                  "22 20 0:30 / /btrfs rw - btrfs /dev/sda1 rw\n",
                  "/home/u", "/btrfs/@home/u /home/u");
  assert_aliases ("20 1 0:30 /root / rw - btrfs x rw\n21 20 0:30 /home /var/home rw - btrfs x rw\n"
                  "22 20 0:30 /home/u /srv/u rw - btrfs x rw\n",
                  "/var/home/u/.config", "/srv/u/.config /var/home/u/.config");
}

static void
test_text (void)
{
  assert_aliases (ROOT "21 20 8:1 /a\\040b /mnt/x\\011y\\134 rw shared:1 - ext4 /dev/sda1 rw\n", "/a b/c",
                  "/a b/c /mnt/x\ty\\/c");
  assert_aliases (ROOT "21 20 0:4 net:[4026531840] /run/netns/x rw - nsfs nsfs rw\n", "/a", "/a");
  g_assert_null (sbx_mount_table_parse ("nonsense\n", NULL));
  g_assert_null (sbx_mount_table_parse (ROOT "x 20 8:1 / /b rw - ext4 x rw\n", NULL));
  g_assert_null (sbx_mount_table_parse ("20 1 8:1 / relative rw - ext4 x rw\n", NULL));
  assert_aliases ("", "/a", "/a");
}

/* As a table may be that is read while it changes. */
static void
test_circle (void)
{
  assert_aliases (ROOT "21 22 8:1 / /a rw - ext4 x rw\n22 21 8:1 / /a rw - ext4 x rw\n", "/a", "/a");
  assert_aliases ("21 22 8:1 / / rw - ext4 x rw\n22 21 8:1 / / rw - ext4 x rw\n", "/a", "/a");
}

static void
test_here (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SbxMountTable) table = sbx_mount_table_read (&error);
  g_autoptr (GPtrArray) aliases = NULL;

  g_assert_no_error (error);
  aliases = sbx_mount_table_aliases (table, "/usr");
  g_assert_cmpstr (aliases->pdata[0], ==, "/usr");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/mount-table/one", test_one);
  g_test_add_func ("/mount-table/bind", test_bind);
  g_test_add_func ("/mount-table/both-ways", test_both_ways);
  g_test_add_func ("/mount-table/other-device", test_other_device);
  g_test_add_func ("/mount-table/hidden", test_hidden);
  g_test_add_func ("/mount-table/subvolume", test_subvolume);
  g_test_add_func ("/mount-table/text", test_text);
  g_test_add_func ("/mount-table/circle", test_circle);
  g_test_add_func ("/mount-table/here", test_here);
  return g_test_run ();
}
