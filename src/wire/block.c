/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wire/block.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "wire/call-rule.h"
#include "wire/io.h"
#include "wire/layer.h"
#include "wire/path-call.h"
#include "wire/published.h"

#define MAX_BLOCK (64u << 20)
#define MAX_LAYER (SBX_LAYER_MAX_CONTENT + 2 * PATH_MAX + 128)
#define SEALS (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW)
#define ALIGN(n) (((n) + 7u) & ~(size_t) 7u)

typedef struct {
  uint32_t tag;
  uint32_t length;
} Head;

typedef enum {
  KIND_BYTES,  /* a multiple of unit */
  KIND_STRING, /* one string: a NUL at the end and nowhere else */
  KIND_STRV,   /* NUL-terminated strings */
  KIND_RULE,   /* uint64_t and a string */
  KIND_LAYER,  /* wire/layer.h, of an instance */
  KIND_SYSTEM, /* wire/layer.h, of the system */
  KIND_NARROW, /* wire/narrow.h */
  KIND_CALL,   /* wire/call-rule.h */
  KIND_PATH,   /* wire/path-call.h */
} Kind;

typedef enum {
  IN_PREPARE = 1 << 0,
  IN_START = 1 << 1,
  IN_EXEC = 1 << 2,
  IN_BOTH = IN_START | IN_EXEC, /* of every process */
  IN_CHANGE = 1 << 8,
  IN_FURNISH = 1 << 9,
  REQUIRED = 1 << 3, /* in the block, or in each group */
  REPEATED = 1 << 4, /* as often as one likes; anything else once, in a group once in each */
  DISTINCT = 1 << 5, /* … but each number once */
  BEGINS = 1 << 6,   /* a group */
  GROUPED = 1 << 7,  /* in a group and nowhere else */
} Rules;

typedef struct {
  unsigned rules;
  Kind kind;
  uint32_t unit, min, max;
  uint32_t below; /* a uint32_t is less than that; 0: it may be any */
} Shape;

/* Which records a block may have. Longest path: PATH_MAX. Longest filter: BPF_MAXINSNS (4096) of 8 bytes. A sidecar's
 * file goes through a pipe, which takes 4096 bytes without a reader (pipe(7)). */
static const Shape shapes[SBX_N_TAGS] = {
  [SBX_TAG_ID] = { IN_FURNISH | REQUIRED, KIND_STRING, 1, 17, 17, 0 },
  [SBX_TAG_INFO] = { IN_START | IN_CHANGE | REQUIRED, KIND_BYTES, 1, 0, 32u << 20, 0 },
  [SBX_TAG_BWRAP] = { IN_PREPARE | REQUIRED, KIND_STRV, 1, 2, 4u << 20, 0 },
  [SBX_TAG_FDMAP] = { IN_PREPARE | IN_BOTH | REQUIRED, KIND_BYTES, 4, 0, 4 * 250, 0 },
  [SBX_TAG_PROCFS] = { IN_PREPARE, KIND_BYTES, 4, 4, 4, SBX_PROCFS_NO_KEYS << 1 },
  [SBX_TAG_DOMAIN] = { IN_PREPARE, KIND_BYTES, 4, 4, 4, SBX_DOMAIN_REQUIRED << 1 },
  [SBX_TAG_FLAGS] = { IN_BOTH, KIND_BYTES, 4, 4, 4, SBX_START_SWEEP << 1 },
  [SBX_TAG_ARGV] = { IN_BOTH | REQUIRED, KIND_STRV, 1, 1, MAX_BLOCK, 0 },
  [SBX_TAG_ENV] = { IN_BOTH, KIND_STRV, 1, 0, MAX_BLOCK, 0 },
  [SBX_TAG_CWD] = { IN_BOTH, KIND_STRING, 1, 2, PATH_MAX, 0 },
  [SBX_TAG_HOME] = { IN_BOTH, KIND_STRING, 1, 2, PATH_MAX, 0 },
  [SBX_TAG_SECCOMP] = { IN_START, KIND_BYTES, 8, 8, 4096 * 8, 0 },
  [SBX_TAG_LANDLOCK] = { IN_START, KIND_BYTES, 8, 24, 24, 0 },
  [SBX_TAG_PATH_RULE] = { IN_START | REPEATED, KIND_RULE, 1, 10, 8 + PATH_MAX, 0 },
  [SBX_TAG_PORT_RULE] = { IN_START | REPEATED, KIND_BYTES, 8, 16, 16, 0 },
  [SBX_TAG_RLIMIT] = { IN_BOTH | IN_CHANGE | REPEATED, KIND_BYTES, 8, 24, 24, 0 },
  [SBX_TAG_CWD_ALSO] = { IN_BOTH, KIND_STRING, 1, 2, PATH_MAX, 0 },
  [SBX_TAG_UMASK] = { IN_BOTH, KIND_BYTES, 4, 4, 4, 01000 },
  [SBX_TAG_IGNORED] = { IN_BOTH, KIND_BYTES, 8, 8, 8, 0 },
  [SBX_TAG_NICE] = { IN_BOTH, KIND_BYTES, 4, 4, 4, 40 },
  [SBX_TAG_SCHEDULER] = { IN_BOTH, KIND_BYTES, 4, 4, 4, 6 },
  [SBX_TAG_IO_PRIORITY] = { IN_BOTH, KIND_BYTES, 4, 4, 4, 1 << 16 },
  [SBX_TAG_OOM] = { IN_BOTH, KIND_BYTES, 4, 4, 4, 1001 },
  [SBX_TAG_CPUS] = { IN_BOTH, KIND_BYTES, 8, 8, 1024, 0 },
  [SBX_TAG_JOIN] = { IN_PREPARE, KIND_BYTES, 4, 4, 4, 0 },
  [SBX_TAG_SESSION] = { IN_PREPARE, KIND_BYTES, 4, 8, 8, 0 },
  [SBX_TAG_DOCUMENTS] = { IN_FURNISH, KIND_STRING, 1, 2, PATH_MAX, 0 },
  [SBX_TAG_DOCUMENTS_AT] = { IN_FURNISH, KIND_STRING, 1, 2, PATH_MAX, 0 },
  [SBX_TAG_LAYER] = { IN_FURNISH | IN_CHANGE | REPEATED, KIND_LAYER, 1, 1, MAX_LAYER, 0 },
  [SBX_TAG_SYSTEM_LAYER] = { IN_PREPARE | REPEATED, KIND_SYSTEM, 1, 1, MAX_LAYER, 0 },
  [SBX_TAG_NARROW] = { IN_CHANGE | REPEATED, KIND_NARROW, 1, 1, PATH_MAX + 64, 0 },
  [SBX_TAG_CALL_RULE] = { IN_START | REPEATED, KIND_CALL, 8, sizeof (SbxCallRule), sizeof (SbxCallRule), 0 },
  [SBX_TAG_PATH_CALL] = { IN_START | REPEATED, KIND_PATH, 4, sizeof (SbxPathCall), sizeof (SbxPathCall), 0 },
  [SBX_TAG_SIDECAR] = { IN_FURNISH | IN_CHANGE | REPEATED | DISTINCT | BEGINS, KIND_BYTES, 4, 4, 4, SBX_N_SIDECARS },
  [SBX_TAG_SIDECAR_COMMAND] = { IN_FURNISH | IN_CHANGE | GROUPED | REQUIRED, KIND_STRV, 1, 2, 1u << 20, 0 },
  [SBX_TAG_SIDECAR_FILTER] = { IN_FURNISH | IN_CHANGE | GROUPED | REQUIRED, KIND_BYTES, 8, 8, 4096 * 8, 0 },
  [SBX_TAG_SIDECAR_FILE] = { IN_FURNISH | IN_CHANGE | GROUPED, KIND_BYTES, 1, 1, 4096, 0 },
  [SBX_TAG_SIDECAR_TO] = { IN_FURNISH | GROUPED, KIND_BYTES, sizeof (SbxDestination), 0,
                           SBX_DESTINATIONS * sizeof (SbxDestination), 0 },
  [SBX_TAG_SIDECARS_ENDED] = { IN_CHANGE, KIND_BYTES, 4, 4, 4, 1 << SBX_N_SIDECARS },
  [SBX_TAG_SIDECARS_STAY] = { IN_CHANGE, KIND_BYTES, 4, 4, 4, 1 << SBX_N_SIDECARS },
  [SBX_TAG_TO] = { IN_CHANGE, KIND_BYTES, sizeof (SbxDestination), 0, SBX_DESTINATIONS * sizeof (SbxDestination), 0 },
  [SBX_TAG_PUBLISHED] = { IN_FURNISH, KIND_BYTES, sizeof (SbxPublished), sizeof (SbxPublished),
                          SBX_PUBLISHED * sizeof (SbxPublished), 0 },
  [SBX_TAG_SIDECAR_MEMORY] = { IN_FURNISH | IN_CHANGE | GROUPED, KIND_BYTES, 8, 8, 8, 0 },
};

static bool
string_ok (const char *value, size_t length)
{
  return length > 0 && memchr (value, '\0', length) == value + length - 1;
}

static uint32_t
number_at (const uint8_t *value)
{
  uint32_t number;

  memcpy (&number, value, sizeof number);
  return number;
}

/* What everybody has and what is one instance's come in records of their own. */
static bool
layer_ok (const uint8_t *value, uint32_t length, bool system)
{
  SbxLayer layer;

  return sbx_layer_read (&layer, value, length) && ((layer.flags & SBX_LAYER_SYSTEM) != 0) == system;
}

static bool
value_ok (const Shape *shape, const uint8_t *value, uint32_t length)
{
  if (length < shape->min || length > shape->max || length % shape->unit != 0)
    return false;
  switch (shape->kind) {
  case KIND_BYTES:
    return shape->below == 0 || number_at (value) < shape->below;
  case KIND_STRING:
    return string_ok ((const char *) value, length);
  case KIND_STRV:
    return length == 0 || value[length - 1] == '\0';
  case KIND_LAYER:
  case KIND_SYSTEM:
    return layer_ok (value, length, shape->kind == KIND_SYSTEM);
  case KIND_NARROW:
    return sbx_narrow_read (&(SbxNarrow){ .path = NULL }, value, length);
  case KIND_CALL:
    return sbx_call_rule_read (&(SbxCallRule){ .arch = 0 }, value, length);
  case KIND_PATH:
    return sbx_path_call_read (&(SbxPathCall){ .arch = 0 }, value, length);
  case KIND_RULE:
    return string_ok ((const char *) value + 8, length - 8);
  }
  return false;
}

/* What has been seen of a block so far. */
typedef struct {
  unsigned kind; /* IN_PREPARE, IN_FURNISH, IN_START, IN_EXEC or IN_CHANGE */
  bool seen[SBX_N_TAGS];
  bool in_group;
  uint32_t numbers; /* of the DISTINCT records, of which there is one tag, as bits */
} Check;

/* Whether everything is there that has to be among the records with @grouped. */
static bool
is_complete (const Check *check, unsigned grouped)
{
  for (unsigned tag = 1; tag < SBX_N_TAGS; tag++)
    if ((shapes[tag].rules & check->kind) && (shapes[tag].rules & REQUIRED) && (shapes[tag].rules & GROUPED) == grouped
        && !check->seen[tag])
      return false;
  return true;
}

/* False if the group that ends here is not complete. */
static bool
end_group (Check *check)
{
  bool complete = !check->in_group || is_complete (check, GROUPED);

  for (unsigned tag = 1; tag < SBX_N_TAGS; tag++)
    if (shapes[tag].rules & GROUPED)
      check->seen[tag] = false;
  check->in_group = false;
  return complete;
}

/* True the first time that the record's number comes. Numbers are below 32. */
static bool
is_new_number (Check *check, const uint8_t *value)
{
  uint32_t bit = 1u << number_at (value);
  bool is_new = !(check->numbers & bit);

  check->numbers |= bit;
  return is_new;
}

static bool
record_ok (Check *check, const Head *head, const uint8_t *value)
{
  const Shape *shape = &shapes[head->tag];

  if (!(shape->rules & check->kind) || !value_ok (shape, value, head->length))
    return false;
  if (shape->rules & GROUPED ? !check->in_group : !end_group (check))
    return false;
  if (check->seen[head->tag] && !(shape->rules & REPEATED))
    return false;
  if ((shape->rules & DISTINCT) && !is_new_number (check, value))
    return false;
  check->seen[head->tag] = true;
  check->in_group |= (shape->rules & BEGINS) != 0;
  return true;
}

/* 0, which no record has, for what is no kind. */
static unsigned
rule_of (SbxBlockKind kind)
{
  switch (kind) {
  case SBX_BLOCK_PREPARE:
    return IN_PREPARE;
  case SBX_BLOCK_START:
    return IN_START;
  case SBX_BLOCK_EXEC:
    return IN_EXEC;
  case SBX_BLOCK_CHANGE:
    return IN_CHANGE;
  case SBX_BLOCK_FURNISH:
    return IN_FURNISH;
  }
  return 0;
}

int
sbx_block_check (SbxBlock *block, const void *data, size_t size, SbxBlockKind kind)
{
  Check check = { .kind = rule_of (kind) };
  const uint8_t *bytes = data;

  errno = EBADMSG;
  for (size_t at = 0; at < size;) {
    Head head;

    if (size - at < sizeof head)
      return -1;
    memcpy (&head, bytes + at, sizeof head);
    at += sizeof head;
    if (head.tag == 0 || head.tag >= SBX_N_TAGS || ALIGN ((size_t) head.length) > size - at
        || !record_ok (&check, &head, bytes + at))
      return -1;
    at += ALIGN ((size_t) head.length);
  }
  if (!end_group (&check) || !is_complete (&check, 0))
    return -1;
  block->data = data;
  block->size = size;
  errno = 0;
  return 0;
}

int
sbx_block_open (SbxBlock *block, int fd, SbxBlockKind kind)
{
  int seals = fcntl (fd, F_GET_SEALS);
  struct stat st;
  void *data;

  *block = (SbxBlock){ NULL, 0 };
  if (seals < 0 || (seals & SEALS) != SEALS) { /* EINVAL: not a memfd at all */
    errno = EPERM;
    return -1;
  }
  if (fstat (fd, &st) < 0)
    return -1;
  if (st.st_size == 0) {
    errno = EBADMSG;
    return -1;
  }
  if (st.st_size > (off_t) MAX_BLOCK) {
    errno = E2BIG;
    return -1;
  }
  data = mmap (NULL, (size_t) st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
  if (data == MAP_FAILED)
    return -1;
  if (sbx_block_check (block, data, (size_t) st.st_size, kind) < 0) {
    int saved = errno;

    munmap (data, (size_t) st.st_size);
    errno = saved;
    return -1;
  }
  return 0;
}

void
sbx_block_close (SbxBlock *block)
{
  if (block->data)
    munmap ((void *) block->data, block->size);
  *block = (SbxBlock){ NULL, 0 };
}

bool
sbx_block_next (const SbxBlock *block, uint32_t tag, SbxRecord *record)
{
  size_t at = 0;

  if (record->value)
    at = (size_t) ((const uint8_t *) record->value - block->data) + ALIGN ((size_t) record->length);
  while (at < block->size) {
    Head head;

    memcpy (&head, block->data + at, sizeof head);
    at += sizeof head;
    if (head.tag == tag) {
      *record = (SbxRecord){ head.tag, head.length, block->data + at };
      return true;
    }
    at += ALIGN ((size_t) head.length);
  }
  return false;
}

/* How many bytes the records with GROUPED take that @data begins with. */
static size_t
measure_group (const uint8_t *data, size_t size)
{
  size_t at = 0;

  while (at < size) {
    Head head;

    memcpy (&head, data + at, sizeof head);
    if (!(shapes[head.tag].rules & GROUPED))
      break;
    at += sizeof head + ALIGN ((size_t) head.length);
  }
  return at;
}

bool
sbx_block_next_sidecar (const SbxBlock *block, SbxSidecarGroup *group)
{
  SbxBlock rest = *block;
  SbxRecord record = { 0 };

  if (group->records.data) {
    rest.data = group->records.data + group->records.size;
    rest.size = block->size - (size_t) (rest.data - block->data);
  }
  if (!sbx_block_next (&rest, SBX_TAG_SIDECAR, &record))
    return false;
  group->kind = (SbxSidecarKind) number_at (record.value);
  group->records.data = (const uint8_t *) record.value + ALIGN ((size_t) record.length);
  group->records.size = measure_group (group->records.data, rest.size - (size_t) (group->records.data - rest.data));
  return true;
}

uint32_t
sbx_block_u32 (const SbxBlock *block, uint32_t tag, uint32_t fallback)
{
  SbxRecord record = { 0 };
  uint32_t value = fallback;

  if (sbx_block_next (block, tag, &record) && record.length == sizeof value)
    memcpy (&value, record.value, sizeof value);
  return value;
}

const char *
sbx_block_string (const SbxBlock *block, uint32_t tag, const char *fallback)
{
  SbxRecord record = { 0 };

  return sbx_block_next (block, tag, &record) ? record.value : fallback;
}

char **
sbx_block_strv (const SbxBlock *block, uint32_t tag, size_t *count)
{
  SbxRecord record = { 0 };
  const char *at, *end;
  size_t n = 0, i = 0;
  char **strings;

  if (!sbx_block_next (block, tag, &record)) {
    errno = ENOENT;
    return NULL;
  }
  at = record.value;
  end = at + record.length;
  for (const char *p = at; p < end; p++)
    n += *p == '\0';
  strings = calloc (n + 1, sizeof *strings);
  if (!strings)
    return NULL;
  for (; at < end; at += strlen (at) + 1)
    strings[i++] = (char *) at;
  *count = n;
  return strings;
}

/* Room for @length more bytes, or NULL with the error kept. */
static uint8_t *
grow (SbxBlockWriter *writer, size_t length)
{
  if (writer->error == 0 && length > MAX_BLOCK - writer->size)
    writer->error = E2BIG;
  if (writer->error == 0 && writer->size + length > writer->room) {
    size_t room = (writer->size + length) * 2;
    uint8_t *data = realloc (writer->data, room);

    if (!data) {
      writer->error = ENOMEM;
    } else {
      writer->data = data;
      writer->room = room;
    }
  }
  if (writer->error != 0)
    return NULL;
  writer->size += length;
  return writer->data + writer->size - length;
}

/* A record's head; returns where its zeroed @length bytes go. */
static uint8_t *
begin (SbxBlockWriter *writer, uint32_t tag, size_t length)
{
  Head head = { tag, (uint32_t) length };
  uint8_t *at;

  if (length > MAX_BLOCK) {
    writer->error = E2BIG;
    return NULL;
  }
  at = grow (writer, sizeof head + ALIGN (length));
  if (!at)
    return NULL;
  memcpy (at, &head, sizeof head);
  memset (at + sizeof head, 0, ALIGN (length));
  return at + sizeof head;
}

void
sbx_block_add (SbxBlockWriter *writer, uint32_t tag, const void *value, size_t length)
{
  uint8_t *at = begin (writer, tag, length);

  if (at && length > 0)
    memcpy (at, value, length);
}

void
sbx_block_add_u32 (SbxBlockWriter *writer, uint32_t tag, uint32_t value)
{
  sbx_block_add (writer, tag, &value, sizeof value);
}

void
sbx_block_add_string (SbxBlockWriter *writer, uint32_t tag, const char *value)
{
  sbx_block_add (writer, tag, value, strlen (value) + 1);
}

void
sbx_block_add_strv (SbxBlockWriter *writer, uint32_t tag, const char *const *strings)
{
  size_t length = 0;
  uint8_t *at;

  for (size_t i = 0; strings && strings[i]; i++)
    length += strlen (strings[i]) + 1;
  at = begin (writer, tag, length);
  for (size_t i = 0; at && strings && strings[i]; i++) {
    size_t n = strlen (strings[i]) + 1;

    memcpy (at, strings[i], n);
    at += n;
  }
}

void
sbx_block_add_path_rule (SbxBlockWriter *writer, uint64_t access, const char *path)
{
  size_t n = strlen (path) + 1;
  uint8_t *at = begin (writer, SBX_TAG_PATH_RULE, sizeof access + n);

  if (at) {
    memcpy (at, &access, sizeof access);
    memcpy (at + sizeof access, path, n);
  }
}

void
sbx_block_add_layer (SbxBlockWriter *writer, const SbxLayer *layer)
{
  uint32_t tag = layer->flags & SBX_LAYER_SYSTEM ? SBX_TAG_SYSTEM_LAYER : SBX_TAG_LAYER;
  uint8_t *at = begin (writer, tag, sbx_layer_size (layer));

  if (at)
    sbx_layer_write (layer, at);
}

void
sbx_block_add_narrow (SbxBlockWriter *writer, const SbxNarrow *narrow)
{
  uint8_t *at = begin (writer, SBX_TAG_NARROW, sbx_narrow_size (narrow));

  if (at)
    sbx_narrow_write (narrow, at);
}

int
sbx_block_make (const SbxBlockWriter *writer)
{
  int error = writer->error;
  int fd = -1;

  if (error == 0) {
    fd = memfd_create ("sandbox-block", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0 || sbx_pwrite_all (fd, writer->data, writer->size, 0) < 0
        || fcntl (fd, F_ADD_SEALS, SEALS | F_SEAL_SEAL) < 0)
      error = errno;
  }
  if (error == 0)
    return fd;
  if (fd >= 0)
    close (fd);
  errno = error;
  return -1;
}

int
sbx_block_finish (SbxBlockWriter *writer)
{
  int fd = sbx_block_make (writer), saved = errno;

  sbx_block_writer_clear (writer);
  errno = saved;
  return fd;
}

void
sbx_block_writer_clear (SbxBlockWriter *writer)
{
  free (writer->data);
  *writer = (SbxBlockWriter){ NULL, 0, 0, 0 };
}
