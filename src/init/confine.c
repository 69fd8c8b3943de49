/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "init/confine.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "wire/call-program.h"
#include "wire/landlock.h"
#include "wire/message.h"

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5) /* Linux 5.19 */
#endif

static int
fail (SbxInitFailure *failure, SbxStep step)
{
  failure->step = (int32_t) step;
  failure->error = errno;
  return -1;
}

/* A path that is not there grants nothing: passing over it is safe. */
static int
add_rules (const SbxBlock *block, int ruleset)
{
  SbxRecord record = { 0 };

  while (sbx_block_next (block, SBX_TAG_PATH_RULE, &record)) {
    uint64_t access;

    memcpy (&access, record.value, sizeof access);
    if (sbx_landlock_allow_path (ruleset, access, (const char *) record.value + sizeof access) < 0 && errno != ENOENT
        && errno != ENOTDIR)
      return -1;
  }
  record = (SbxRecord){ 0 };
  while (sbx_block_next (block, SBX_TAG_PORT_RULE, &record)) {
    uint64_t rule[2];

    memcpy (rule, record.value, sizeof rule);
    if (sbx_landlock_allow_port (ruleset, rule[0], rule[1]) < 0)
      return -1;
  }
  return 0;
}

static int
enter_domain (const SbxBlock *block, uint32_t *enforced)
{
  SbxRecord record = { 0 };
  SbxLandlockAttr attr;
  int ruleset, rc;

  if (!sbx_block_next (block, SBX_TAG_LANDLOCK, &record))
    return 0;
  memcpy (&attr, record.value, sizeof attr);
  ruleset = sbx_landlock_create (&attr);
  if (ruleset < 0)
    return -1;
  rc = add_rules (block, ruleset);
  if (rc == 0)
    rc = sbx_landlock_restrict_self (ruleset);
  int saved = errno;
  close (ruleset);
  errno = saved;
  if (rc == 0)
    *enforced |= SBX_ENFORCED_APP_DOMAIN;
  return rc;
}

/* Whether it has to be let somebody decide about a call (SECCOMP_RET_USER_NOTIF), whatever the kernel can. */
static bool
must_ask (const struct sock_fprog *program)
{
  for (size_t i = 0; i < program->len; i++)
    if (program->filter[i].code == (BPF_RET | BPF_K) && program->filter[i].k == SECCOMP_RET_USER_NOTIF)
      return true;
  return false;
}

/* The answer is waited for whatever signals come, once the question has been read: it is not asked twice. */
static int
install_asking (const struct sock_fprog *program)
{
  return (int) syscall (SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                        SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, program);
}

/* Where no question can be asked, the filter refuses by itself: a kernel before 5.19 (EINVAL), or a sandbox in one
 * whose filter asks already (EBUSY). @kept: as many instructions, for what is not installed. */
static int
install (struct sock_fprog *program, struct sock_filter *kept, int *questions)
{
  bool must = must_ask (program);

  memcpy (kept, program->filter, program->len * sizeof *kept);
  if (sbx_filter_resolve_marks (program->filter, program->len, true) > 0 || must) {
    *questions = install_asking (program);
    if (*questions >= 0 || must)
      return *questions < 0 ? -1 : 0;
    memcpy (program->filter, kept, program->len * sizeof *kept);
  }
  sbx_filter_resolve_marks (program->filter, program->len, false);
  return prctl (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program);
}

static int
install_filter (const SbxBlock *block, uint32_t *enforced, int *questions)
{
  SbxRecord record = { 0 };
  struct sock_fprog program;
  int rc, saved;

  if (!sbx_block_next (block, SBX_TAG_SECCOMP, &record))
    return 0;
  program.len = (unsigned short) (record.length / sizeof (struct sock_filter));
  program.filter = malloc (2 * record.length); /* the block cannot be written */
  if (!program.filter)
    return -1;
  memcpy (program.filter, record.value, record.length);
  rc = install (&program, program.filter + program.len, questions);
  saved = errno;
  free (program.filter);
  errno = saved;
  if (rc == 0)
    *enforced |= SBX_ENFORCED_SECCOMP;
  return rc;
}

int
sbx_init_confine (const SbxBlock *block, uint32_t *enforced, int *questions, SbxInitFailure *failure)
{
  *questions = -1;
  if (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || enter_domain (block, enforced) < 0)
    return fail (failure, SBX_STEP_APP_DOMAIN);
  /* In the application's own domain Landlock would let it trace us; a process that is not dumpable is hidden from it
   * all the same, since it has no CAP_SYS_PTRACE (ptrace(2), "Ptrace access mode checking") */
  if (prctl (PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
    return fail (failure, SBX_STEP_APP_DOMAIN);
  if (install_filter (block, enforced, questions) < 0)
    return fail (failure, SBX_STEP_SECCOMP);
  return 0;
}
