/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The keeper's loop: who is served, in which order, and what a watch may do to the others while it is served. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "keeper/loop.h"

typedef struct Row Row;

struct Row {
  SbxWatch watch;
  int other_end; /* of its pipe; what is written there makes it ready */
  char name;
  GString *log;
  void (*act) (Row *self); /* while it is served, or NULL */
  Row *other;              /* for that */
};

static void
serve (SbxWatch *watch)
{
  Row *row = SBX_OWNER (watch, Row, watch);
  char byte;

  g_string_append_c (row->log, row->name);
  if (watch->fd >= 0 && read (watch->fd, &byte, 1) == 0)
    g_string_append_c (row->log, '$');
  if (row->act)
    row->act (row);
}

static void
serve_timer (SbxWatch *watch)
{
  Row *row = SBX_OWNER (watch, Row, watch);

  g_assert_cmpint (watch->due, ==, 0);
  g_string_append_c (row->log, g_ascii_toupper (row->name));
  if (row->act)
    row->act (row);
}

static void
add (SbxLoop *loop, Row *row, char name, int order, GString *log)
{
  int ends[2];

  *row = (Row){ .name = name, .log = log };
  g_assert_cmpint (sbx_loop_add (loop, &row->watch, order, serve, serve_timer), ==, 0);
  g_assert_cmpint (pipe2 (ends, O_CLOEXEC), ==, 0);
  sbx_watch_open (&row->watch, ends[0]);
  row->other_end = ends[1];
}

static void
poke (const Row *row)
{
  g_assert_cmpint (write (row->other_end, "x", 1), ==, 1);
}

static void
clear (Row *rows, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    sbx_watch_remove (&rows[i].watch);
    close (rows[i].other_end);
  }
}

static void
assert_round (SbxLoop *loop, GString *log, const char *wanted)
{
  g_assert_cmpint (sbx_loop_round (loop), ==, 0);
  g_assert_cmpstr (log->str, ==, wanted);
  g_string_truncate (log, 0);
}

static SbxLoop *
new_loop (void)
{
  return g_new0 (SbxLoop, 1);
}

/* By order, and of the same order the one that was added first; a closed other end is ready too. */
static void
test_order (void)
{
  g_autofree SbxLoop *loop = new_loop ();
  g_autoptr (GString) log = g_string_new ("");
  Row rows[4];

  add (loop, &rows[0], 'a', 2, log);
  add (loop, &rows[1], 'b', 1, log);
  add (loop, &rows[2], 'c', 2, log);
  add (loop, &rows[3], 'd', 0, log);
  poke (&rows[0]);
  assert_round (loop, log, "a");
  for (size_t i = 0; i < 4; i++)
    poke (&rows[i]);
  assert_round (loop, log, "dbac");
  close (rows[1].other_end);
  assert_round (loop, log, "b$");
  rows[1].other_end = -1;
  clear (rows, 4);
}

static void
test_paused (void)
{
  g_autofree SbxLoop *loop = new_loop ();
  g_autoptr (GString) log = g_string_new ("");
  Row rows[2];

  add (loop, &rows[0], 'a', 0, log);
  add (loop, &rows[1], 'b', 0, log);
  rows[0].watch.paused = true;
  poke (&rows[0]);
  poke (&rows[1]);
  assert_round (loop, log, "b");
  rows[0].watch.paused = false;
  assert_round (loop, log, "a");
  clear (rows, 2);
}

static void
remove_other (Row *self)
{
  sbx_watch_remove (&self->other->watch);
}

static void
remove_self (Row *self)
{
  sbx_watch_remove (&self->watch);
}

static void
pause_other (Row *self)
{
  self->other->watch.paused = true;
}

/* The same descriptor number, behind which there is another file by then. */
static void
reopen_other (Row *self)
{
  int ends[2], number = self->other->watch.fd;

  sbx_watch_close (&self->other->watch);
  g_assert_cmpint (pipe2 (ends, O_CLOEXEC), ==, 0);
  g_assert_cmpint (ends[0], ==, number);
  sbx_watch_open (&self->other->watch, ends[0]);
  close (self->other->other_end);
  self->other->other_end = ends[1];
}

/* Whatever one does to another one that is ready as well: that one is not called in the same round. */
static void
test_change_while_serving (void)
{
  static void (*const acts[]) (Row *) = { remove_other, pause_other, reopen_other };

  for (size_t i = 0; i < G_N_ELEMENTS (acts); i++) {
    g_autofree SbxLoop *loop = new_loop ();
    g_autoptr (GString) log = g_string_new ("");
    Row rows[3];

    add (loop, &rows[0], 'a', 0, log);
    add (loop, &rows[1], 'b', 0, log);
    add (loop, &rows[2], 'c', 0, log);
    rows[0].act = acts[i];
    rows[0].other = &rows[1];
    for (size_t j = 0; j < 3; j++)
      poke (&rows[j]);
    assert_round (loop, log, "ac");
    clear (rows, 3);
    g_assert_null (loop->first);
    g_assert_null (loop->last);
    g_assert_cmpuint (loop->n, ==, 0);
  }
}

static void
test_remove_self (void)
{
  g_autofree SbxLoop *loop = new_loop ();
  g_autoptr (GString) log = g_string_new ("");
  Row rows[2];

  add (loop, &rows[0], 'a', 0, log);
  add (loop, &rows[1], 'b', 0, log);
  rows[0].act = remove_self;
  poke (&rows[0]);
  poke (&rows[1]);
  assert_round (loop, log, "ab");
  g_assert_cmpint (rows[0].watch.fd, ==, -1);
  sbx_watch_remove (&rows[0].watch); /* again: nothing */
  poke (&rows[1]);
  assert_round (loop, log, "b");
  clear (rows, 2);
}

static Row late;

static void
add_late (Row *self)
{
  if (late.watch.loop)
    return;
  add (self->watch.loop, &late, 'z', 0, self->log);
  poke (&late);
}

/* Served in the next round. */
static void
test_add_while_serving (void)
{
  g_autofree SbxLoop *loop = new_loop ();
  g_autoptr (GString) log = g_string_new ("");
  Row row;

  add (loop, &row, 'a', 0, log);
  row.act = add_late;
  poke (&row);
  assert_round (loop, log, "a");
  assert_round (loop, log, "z");
  clear (&late, 1);
  clear (&row, 1);
}

static void
test_timers (void)
{
  g_autofree SbxLoop *loop = new_loop ();
  g_autoptr (GString) log = g_string_new ("");
  int64_t begin = sbx_loop_now ();
  Row rows[3];

  add (loop, &rows[0], 'a', 0, log);
  add (loop, &rows[1], 'b', 0, log);
  add (loop, &rows[2], 'c', 0, log);
  rows[1].watch.due = begin + 30;
  assert_round (loop, log, "B");
  g_assert_cmpint (sbx_loop_now (), >=, begin + 30);
  /* One that is late already, in front of one that is not; and descriptors first */
  rows[0].watch.due = begin;
  rows[2].watch.due = begin + 3600000;
  poke (&rows[2]);
  assert_round (loop, log, "cA");
  g_assert_cmpint (rows[2].watch.due, ==, begin + 3600000);
  clear (rows, 3);
}

static void
test_due_by (void)
{
  SbxWatch watch = { .fd = -1 };

  sbx_watch_due_by (&watch, 50);
  g_assert_cmpint (watch.due, ==, 50);
  sbx_watch_due_by (&watch, 60);
  g_assert_cmpint (watch.due, ==, 50);
  sbx_watch_due_by (&watch, 40);
  g_assert_cmpint (watch.due, ==, 40);
  sbx_watch_due_by (&watch, 0);
  g_assert_cmpint (watch.due, ==, 40);
}

/* A timer removes the next one, itself, and sets itself again. */
static void
test_change_in_timer (void)
{
  g_autofree SbxLoop *loop = new_loop ();
  g_autoptr (GString) log = g_string_new ("");
  Row rows[4];

  for (size_t i = 0; i < 4; i++) {
    add (loop, &rows[i], (char) ('a' + i), 0, log);
    rows[i].watch.due = 1;
  }
  rows[0].act = remove_other;
  rows[0].other = &rows[1];
  rows[2].act = remove_self;
  assert_round (loop, log, "ACD");
  g_assert_cmpuint (loop->n, ==, 2);
  clear (rows, 4);
}

static void
test_full (void)
{
  g_autofree SbxLoop *loop = new_loop ();
  g_autofree SbxWatch *watches = g_new0 (SbxWatch, SBX_LOOP_WATCHES + 1);

  for (size_t i = 0; i < SBX_LOOP_WATCHES; i++)
    g_assert_cmpint (sbx_loop_add (loop, &watches[i], 0, serve, serve_timer), ==, 0);
  errno = 0;
  g_assert_cmpint (sbx_loop_add (loop, &watches[SBX_LOOP_WATCHES], 0, serve, serve_timer), ==, -1);
  g_assert_cmpint (errno, ==, ENOSPC);
  g_assert_cmpint (watches[SBX_LOOP_WATCHES].fd, ==, -1);
  sbx_watch_remove (&watches[SBX_LOOP_WATCHES]);
  sbx_watch_remove (&watches[7]);
  g_assert_cmpint (sbx_loop_add (loop, &watches[SBX_LOOP_WATCHES], 0, serve, serve_timer), ==, 0);
  for (size_t i = 0; i <= SBX_LOOP_WATCHES; i++)
    sbx_watch_remove (&watches[i]);
  g_assert_null (loop->first);
}

/* poll(2) takes no more rows than RLIMIT_NOFILE: those that are not open are none. */
static void
test_few_descriptors (void)
{
  g_autofree SbxLoop *loop = new_loop ();
  g_autofree SbxWatch *closed = g_new0 (SbxWatch, 300);
  g_autoptr (GString) log = g_string_new ("");
  struct rlimit before, few;
  Row row;

  for (size_t i = 0; i < 300; i++)
    g_assert_cmpint (sbx_loop_add (loop, &closed[i], 0, serve, serve_timer), ==, 0);
  add (loop, &row, 'a', 1, log);
  poke (&row);
  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &before), ==, 0);
  few = before;
  few.rlim_cur = 16;
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &few), ==, 0);
  assert_round (loop, log, "a");
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &before), ==, 0);
  clear (&row, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/loop/order", test_order);
  g_test_add_func ("/loop/paused", test_paused);
  g_test_add_func ("/loop/change-while-serving", test_change_while_serving);
  g_test_add_func ("/loop/remove-self", test_remove_self);
  g_test_add_func ("/loop/add-while-serving", test_add_while_serving);
  g_test_add_func ("/loop/timers", test_timers);
  g_test_add_func ("/loop/due-by", test_due_by);
  g_test_add_func ("/loop/change-in-timer", test_change_in_timer);
  g_test_add_func ("/loop/full", test_full);
  g_test_add_func ("/loop/few-descriptors", test_few_descriptors);
  return g_test_run ();
}
