/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* hostile-probe [KEY=VALUE…] CLASS/NAME…: tries each in a process of its own, and prints a line for each,
 * "CLASS/NAME refused|BREACH detail". Ends with 0 if all were refused, 1 if one was not, 2 if one could not be tried.
 * in=userns: each in a user namespace of its own, as root there.
 * hostile-probe --list: the names of all.
 * hostile-probe --bystander, --bus-peer: somebody outside to be reached.
 * hostile-probe --do: what is no attempt by itself, see acts.c. */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dbus.h"
#include "hostile.h"

enum { PATIENCE = 60 }; /* seconds for one; test kernels are slow */

static const struct {
  const char *name;
  const Probe *probes;
} classes[] = {
  { "procfs", procfs_probes },   { "descriptors", descriptor_probes }, { "ports", port_probes },
  { "netlink", netlink_probes }, { "handlers", handler_probes },       { "bus", bus_probes },
  { "callers", caller_probes },  { "terminal", terminal_probes },      { "userns", userns_probes },
  { "state", state_probes },
};
#define N_CLASSES (sizeof classes / sizeof *classes)

static const Probe *
find (const char *name)
{
  const char *slash = strchr (name, '/');

  for (size_t i = 0; slash && i < N_CLASSES; i++)
    if (strlen (classes[i].name) == (size_t) (slash - name)
        && strncmp (classes[i].name, name, (size_t) (slash - name)) == 0)
      for (const Probe *p = classes[i].probes; p->name; p++)
        if (strcmp (p->name, slash + 1) == 0)
          return p;
  return NULL;
}

static int
list (void)
{
  for (size_t i = 0; i < N_CLASSES; i++)
    for (const Probe *p = classes[i].probes; p->name; p++)
      printf ("%s/%s\n", classes[i].name, p->name);
  return 0;
}

static int
try (const char *name, const Given *all)
{
  const Probe *probe = find (name);
  int status;
  pid_t child;

  if (!probe) {
    printf ("%s error: there is no such probe\n", name);
    return 2;
  }
  fflush (stdout);
  child = fork ();
  if (child == 0) {
    alarm (PATIENCE);
    if (strcmp (given_or (all, "in", ""), "userns") == 0 && enter_namespaces (CLONE_NEWNS) < 0)
      cannot ("a user namespace");
    Finding finding = probe->run (all);
    printf ("%s %s %s\n", name, finding.breach ? "BREACH" : "refused", finding.detail);
    _exit (fflush (stdout) == 0 ? finding.breach : 2);
  }
  if (child < 0 || waitpid (child, &status, 0) != child)
    return 2;
  if (WIFEXITED (status) && WEXITSTATUS (status) < 2)
    return WEXITSTATUS (status);
  if (WIFSIGNALED (status))
    printf ("%s error: ended by signal %d\n", name, WTERMSIG (status));
  else
    printf ("%s error: it could not be tried\n", name);
  return 2;
}

int
main (int argc, char **argv)
{
  Given all = { argv + 1, 0 };
  int worst = 0;

  if (argc > 1 && strcmp (argv[1], "--list") == 0)
    return list ();
  if (argc > 1 && strcmp (argv[1], "--bystander") == 0)
    return be_bystander (argc - 2, argv + 2);
  if (argc > 1 && strcmp (argv[1], "--do") == 0)
    return do_acts (argc - 2, argv + 2);
  if (argc > 1 && strcmp (argv[1], "--bus-peer") == 0)
    return be_bus_peer (argc - 2, argv + 2);
  signal (SIGPIPE, SIG_IGN);
  while (1 + all.n < argc && strchr (argv[1 + all.n], '='))
    all.n++;
  for (int i = 1 + all.n; i < argc; i++) {
    int result = try (argv[i], &all);

    worst = result > worst ? result : worst;
  }
  return fflush (stdout) == 0 ? worst : 2;
}
