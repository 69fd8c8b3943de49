/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wire/call-program.h"

#include <errno.h>
#include <string.h>

#define REFUSED (SECCOMP_RET_ERRNO | EPERM)

static bool
is_marked (const struct sock_filter *instruction)
{
  return instruction->code == (BPF_RET | BPF_K) && (instruction->k & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO
         && (instruction->k & SBX_FILTER_ASKS);
}

size_t
sbx_filter_resolve_marks (struct sock_filter *program, size_t n, bool ask)
{
  size_t marks = 0;

  for (size_t i = 0; i < n; i++)
    if (is_marked (&program[i])) {
      marks++;
      program[i].k = ask ? SECCOMP_RET_USER_NOTIF : program[i].k & ~SBX_FILTER_ASKS;
    }
  return marks;
}

/* The instructions that libseccomp makes, and no others (kernel/seccomp.c: seccomp_check_filter). A is the accumulator.
 * Returns how many instructions to go over, or -1: a RET, or none of them. */
static int64_t
step (const struct sock_filter *instruction, const struct seccomp_data *call, uint32_t *a, uint32_t *memory)
{
  uint32_t k = instruction->k;

  switch (instruction->code) {
  case BPF_LD | BPF_W | BPF_ABS:
    if (k > sizeof *call - sizeof *a)
      return -1;
    memcpy (a, (const char *) call + k, sizeof *a);
    return 0;
  case BPF_LD | BPF_MEM:
    *a = memory[k % BPF_MEMWORDS];
    return 0;
  case BPF_ST:
    memory[k % BPF_MEMWORDS] = *a;
    return 0;
  case BPF_ALU | BPF_AND | BPF_K:
    *a &= k;
    return 0;
  case BPF_JMP | BPF_JA:
    return k;
  case BPF_JMP | BPF_JEQ | BPF_K:
    return *a == k ? instruction->jt : instruction->jf;
  case BPF_JMP | BPF_JGT | BPF_K:
    return *a > k ? instruction->jt : instruction->jf;
  case BPF_JMP | BPF_JGE | BPF_K:
    return *a >= k ? instruction->jt : instruction->jf;
  case BPF_JMP | BPF_JSET | BPF_K:
    return *a & k ? instruction->jt : instruction->jf;
  default:
    return -1;
  }
}

uint32_t
sbx_filter_run (const struct sock_filter *program, size_t n, const struct seccomp_data *call)
{
  uint32_t a = 0, memory[BPF_MEMWORDS] = { 0 };
  int64_t over;

  for (uint64_t at = 0; at < n; at += 1 + (uint64_t) over) {
    if (program[at].code == (BPF_RET | BPF_K))
      return program[at].k;
    over = step (&program[at], call, &a, memory);
    if (over < 0)
      return REFUSED;
  }
  return REFUSED;
}
