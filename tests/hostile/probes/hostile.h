/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What hostile-probe is made of: an application that tries, one thing at a time, to get further than its sandbox lets
 * it. libc only, static: it runs in any sandbox, and outside of them, where it has to succeed. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* What came of one attempt. */
typedef struct {
  int breach;
  char detail[200];
} Finding;

/* The words KEY=VALUE of the command line. */
typedef struct {
  char **words;
  int n;
} Given;

typedef struct {
  const char *name;
  Finding (*run) (const Given *given);
} Probe;

/* A table for each class, ended by a row without a name. */
extern const Probe procfs_probes[], descriptor_probes[], port_probes[], netlink_probes[], handler_probes[],
    bus_probes[], caller_probes[], terminal_probes[], userns_probes[], state_probes[];

/* It was refused with this errno. */
Finding refused (int error);
/* It was refused in a way that @format describes. */
Finding refused_because (const char *format, ...) __attribute__ ((format (printf, 1, 2)));
/* It was possible. */
Finding breach (const char *format, ...) __attribute__ ((format (printf, 1, 2)));
/* What a system call's result says, errno with it. */
Finding judge (long result);

/* The value of @key. The program ends with 2 where there is none: a probe that tries nothing would look refused. */
const char *given (const Given *all, const char *key);
/* … or @otherwise. */
const char *given_or (const Given *all, const char *key, const char *otherwise);
long given_number (const Given *all, const char *key);
/* The next of the numbers of a list like "1,2,3", at *@rest, into @number. 0: there is none left. */
int next_number (const char **rest, long *number);

/* Ends the program with 2: what the probe needs to try anything at all is not there. */
void cannot (const char *what) __attribute__ ((noreturn));

/* Whether the file at @path, of which up to 64 KiB are read, has @text in it. -1 with errno if it cannot be read. */
int file_has (const char *path, const char *text);
/* Connects to the UNIX socket at @path, abstract if that begins with "@". The descriptor, or -1 with errno. */
int connect_unix (const char *path);

/* userns.c: becomes root of a user namespace with the other namespaces of @flags. 0, or -1 with errno. */
int enter_namespaces (int flags);

/* bystander.c: a process outside, as any of the user's, that has a secret and lets itself be traced. */
#define SECRET "the bystander's secret"
extern char bystander_secret[64]; /* at the same address in every process of this program */
/* --bystander NAME DIRECTORY: listens at the abstract NAME unless that is "-", makes the file "note" in DIRECTORY, says
 * "ready PID", and stays. Its descriptor 9 is a file with the secret. */
int be_bystander (int argc, char **argv);

/* acts.c: --do ACT WORD… …: one after the other. What does not work is said. */
int do_acts (int argc, char **argv);
