/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading the memory of another process takes what PTRACE_MODE_ATTACH takes (process_vm_readv(2)). The keeper and its
 * children may: their Landlock domain is that of the instance, above the application's, and of the application's user
 * namespace they are the owner, who has all capabilities in it; so neither Yama nor PR_SET_DUMPABLE is in the way. */
#include "keeper/parts/asked-path.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "wire/io.h"

#define PAGE 4096u

uint64_t
sbx_asked_namespace (const struct seccomp_notif *question)
{
  char link[64];
  struct stat st;

  snprintf (link, sizeof link, "/proc/%u/ns/mnt", question->pid);
  return stat (link, &st) == 0 ? (uint64_t) st.st_ino : 0;
}

/* Up to @size bytes at @address of who asks, and no further than the page that is readable. Returns how many. */
static size_t
read_memory (const struct seccomp_notif *question, uint64_t address, void *into, size_t size)
{
  struct iovec local = { into, size }, remote = { (void *) (uintptr_t) address, size };
  ssize_t n = process_vm_readv ((pid_t) question->pid, &local, 1, &remote, 1, 0);

  return n > 0 ? (size_t) n : 0;
}

/* The string at @address into @text, of @size bytes. False: there is none, or it is too long. */
static bool
read_string (const struct seccomp_notif *question, uint64_t address, char *text, size_t size)
{
  size_t n = 0;

  while (n < size) {
    size_t rest = PAGE - (size_t) ((address + n) % PAGE);
    size_t want = rest < size - n ? rest : size - n, got = read_memory (question, address + n, text + n, want);

    if (memchr (text + n, '\0', got))
      return true;
    if (got < want)
      return false;
    n += got;
  }
  return false;
}

/* Where a relative name of @call begins. */
static bool
read_directory (const struct seccomp_notif *question, const SbxPathCall *call, char *text, size_t size)
{
  int number = call->directory < SBX_NO_ARGUMENT ? (int) question->data.args[call->directory] : AT_FDCWD;
  char link[64];
  ssize_t n;

  if (number == AT_FDCWD)
    snprintf (link, sizeof link, "/proc/%u/cwd", question->pid);
  else
    snprintf (link, sizeof link, "/proc/%u/fd/%d", question->pid, number);
  n = readlink (link, text, size - 1);
  text[n > 0 ? n : 0] = '\0';
  return n > 0 && n < (ssize_t) size - 1 && text[0] == '/';
}

static uint32_t
uses_of_flags (uint64_t flags)
{
  uint32_t uses = (flags & O_ACCMODE) == O_RDONLY ? SBX_USE_READ : SBX_USE_WRITE;

  if (flags & O_PATH)
    return SBX_USE_LOOK;
  if ((flags & O_ACCMODE) == O_RDWR)
    uses |= SBX_USE_READ;
  if (flags & O_CREAT)
    uses |= SBX_USE_MAKE;
  return uses;
}

static bool
read_path (const struct seccomp_notif *question, const SbxPathCall *call, uint32_t *uses, char *name, size_t *length)
{
  char path[SBX_LEARNED_NAME], directory[SBX_LEARNED_NAME];
  bool relative;

  if (!read_string (question, question->data.args[call->path], path, sizeof path))
    return false;
  relative = path[0] != '/';
  if (path[0] == '\0') { /* the descriptor itself (AT_EMPTY_PATH), or nothing */
    *length = 0;
    return true;
  }
  if (relative && !read_directory (question, call, directory, sizeof directory))
    return false;
  *uses = call->uses;
  if (call->kind == SBX_PATH_OPEN)
    *uses |= uses_of_flags (question->data.args[call->more]);
  if (call->kind == SBX_PATH_OPEN_HOW) {
    uint64_t flags = 0; /* the first field of struct open_how (openat2(2)) */

    if (read_memory (question, question->data.args[call->more], &flags, sizeof flags) != sizeof flags)
      return false;
    *uses |= uses_of_flags (flags);
  }
  *length = sbx_learned_join (relative ? directory : NULL, path, name);
  return *length > 0;
}

/* "192.0.2.1 443" */
static size_t
write_address (int family, const void *address, uint16_t port, char *name)
{
  char text[INET6_ADDRSTRLEN];

  if (!inet_ntop (family, address, text, sizeof text))
    return 0;
  return (size_t) snprintf (name, SBX_LEARNED_NAME, "%s %u", text, ntohs (port));
}

static bool
read_unix (const struct sockaddr_un *address, size_t size, const char *directory, SbxLearnedKind *kind, char *name,
           size_t *length)
{
  const size_t before = offsetof (struct sockaddr_un, sun_path);
  char path[sizeof address->sun_path + 1] = "";

  *length = 0;
  if (size <= before)
    return true; /* without a name */
  memcpy (path, address->sun_path, size - before);
  if (path[0] == '\0') {
    *kind = SBX_LEARNED_ABSTRACT;
    *length = size - before - 1;
    memcpy (name, path + 1, *length);
    return true;
  }
  *length = sbx_learned_join (directory, path, name);
  return *length > 0;
}

static bool
read_address (const struct seccomp_notif *question, const SbxPathCall *call, SbxLearnedKind *kind, char *name,
              size_t *length)
{
  union {
    sa_family_t family;
    struct sockaddr_un un;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
  } address = { 0 };
  const SbxPathCall relative = { .directory = SBX_NO_ARGUMENT };
  uint64_t wanted = question->data.args[call->more] & UINT32_MAX;
  size_t size = wanted < sizeof address ? (size_t) wanted : sizeof address;
  char directory[SBX_LEARNED_NAME];

  *length = 0;
  if (size < sizeof address.family || read_memory (question, question->data.args[call->path], &address, size) != size)
    return false;
  if (address.family == AF_UNIX)
    return read_unix (&address.un, size,
                      read_directory (question, &relative, directory, sizeof directory) ? directory : NULL, kind, name,
                      length);
  *kind = SBX_LEARNED_NETWORK;
  if (address.family == AF_INET && size >= sizeof address.in)
    *length = write_address (AF_INET, &address.in.sin_addr, address.in.sin_port, name);
  else if (address.family == AF_INET6 && size >= sizeof address.in6 - sizeof address.in6.sin6_scope_id)
    *length = write_address (AF_INET6, &address.in6.sin6_addr, address.in6.sin6_port, name);
  return true;
}

bool
sbx_asked_path (const struct seccomp_notif *question, const SbxPathCall *call, SbxLearnedKind *kind, uint32_t *uses,
                char *name, size_t *length)
{
  *kind = SBX_LEARNED_PATH;
  *uses = call->uses;
  *length = 0;
  switch ((SbxPathKind) call->kind) {
  case SBX_PATH_PLAIN:
  case SBX_PATH_OPEN:
  case SBX_PATH_OPEN_HOW:
    return read_path (question, call, uses, name, length);
  case SBX_PATH_CONNECT:
    return read_address (question, call, kind, name, length);
  case SBX_PATH_SOCKETCALL:
  case SBX_PATH_SECCOMP:
  case SBX_PATH_PRCTL:
  case SBX_N_PATH_KINDS:
    break;
  }
  return false;
}
