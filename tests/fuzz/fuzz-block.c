/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A block, after one byte that says which kind. What was checked can be read by every reader, all of it within the
 * block, and what is written anew from it passes the check again. */
#include <string.h>
#include <unistd.h>

#include "fuzz.h"
#include "wire/block.h"
#include "wire/destination.h"
#include "wire/published.h"
#include "wire/sidecars.h"

static void
check_inside (const SbxBlock *block, const void *value, size_t length)
{
  const uint8_t *at = value;

  MUST (at >= block->data && at + length <= block->data + block->size);
}

static void
read_strings (const SbxBlock *block, uint32_t tag)
{
  size_t n = 0;
  char **strings = sbx_block_strv (block, tag, &n);

  MUST (strings != NULL);
  for (size_t i = 0; i < n; i++)
    check_inside (block, strings[i], strlen (strings[i]) + 1);
  MUST (strings[n] == NULL);
  free (strings);
}

/* Rows whose values the reader looks at: what is one can be told from what is none, and nothing is read beyond it. */
static void
read_rows (uint32_t tag, const void *value, size_t length)
{
  const uint8_t *bytes = value;
  SbxPublished published;
  SbxDestination to;

  if (tag == SBX_TAG_SIDECARS_ENDED)
    MUST (length == 4 && *(const uint32_t *) value < 1u << SBX_N_SIDECARS);
  for (size_t at = 0; tag == SBX_TAG_PUBLISHED && at < length; at += sizeof published) {
    MUST (length - at >= sizeof published && length <= SBX_PUBLISHED * sizeof published);
    memcpy (&published, bytes + at, sizeof published);
    MUST (!sbx_published_is_valid (&published) || (published.port > 0 && published.inside > 0));
  }
  for (size_t at = 0; (tag == SBX_TAG_TO || tag == SBX_TAG_SIDECAR_TO) && at < length; at += sizeof to) {
    MUST (length - at >= sizeof to && length <= SBX_DESTINATIONS * sizeof to);
    memcpy (&to, bytes + at, sizeof to);
    MUST (!sbx_destination_is_valid (&to) || to.first <= to.last);
  }
}

/* Everything with @tag; puts it into @copy. */
static void
read_tag (const SbxBlock *block, uint32_t tag, SbxBlockWriter *copy)
{
  SbxRecord record = { 0 };
  uint8_t sum = 0;

  while (sbx_block_next (block, tag, &record)) {
    MUST (record.tag == tag);
    check_inside (block, record.value, record.length);
    for (uint32_t i = 0; i < record.length; i++)
      sum ^= ((const uint8_t *) record.value)[i];
    read_rows (tag, record.value, record.length);
    if (tag == SBX_TAG_PATH_RULE) /* an access right and a path */
      check_inside (block, record.value, 8 + strlen ((const char *) record.value + 8) + 1);
    if (tag == SBX_TAG_ID || tag == SBX_TAG_CWD || tag == SBX_TAG_HOME)
      MUST (strlen (sbx_block_string (block, tag, "")) + 1 == record.length);
    if (tag == SBX_TAG_BWRAP || tag == SBX_TAG_ARGV || tag == SBX_TAG_ENV || tag == SBX_TAG_SIDECAR_COMMAND)
      read_strings (block, tag);
    sbx_block_add (copy, tag, record.value, record.length);
  }
  (void) sbx_block_u32 (block, tag, sum);
}

/* Whether records with @tag are those of groups. */
static bool
is_of_sidecar (uint32_t tag)
{
  static const uint32_t tags[] = { SBX_TAG_SIDECAR,      SBX_TAG_SIDECAR_COMMAND, SBX_TAG_SIDECAR_FILTER,
                                   SBX_TAG_SIDECAR_FILE, SBX_TAG_SIDECAR_MEMORY,  SBX_TAG_SIDECAR_TO };

  for (size_t i = 0; i < sizeof tags / sizeof *tags; i++)
    if (tags[i] == tag)
      return true;
  return false;
}

/* Every group, which has all that it must have. */
static void
read_sidecars (const SbxBlock *block, SbxBlockWriter *copy)
{
  SbxSidecarGroup group = { 0 };

  while (sbx_block_next_sidecar (block, &group)) {
    MUST (group.kind < SBX_N_SIDECARS);
    check_inside (block, group.records.data, group.records.size);
    sbx_block_add_u32 (copy, SBX_TAG_SIDECAR, group.kind);
    MUST (sbx_block_next (&group.records, SBX_TAG_SIDECAR_COMMAND, &(SbxRecord){ 0 }));
    MUST (sbx_block_next (&group.records, SBX_TAG_SIDECAR_FILTER, &(SbxRecord){ 0 }));
    for (uint32_t tag = 0; tag < SBX_N_TAGS; tag++)
      if (is_of_sidecar (tag))
        read_tag (&group.records, tag, copy);
  }
}

static SbxBlockKind
kind_of (uint8_t letter)
{
  static const struct {
    uint8_t letter;
    SbxBlockKind kind;
  } kinds[] = {
    { 'P', SBX_BLOCK_PREPARE }, { 'F', SBX_BLOCK_FURNISH }, { 'E', SBX_BLOCK_EXEC }, { 'C', SBX_BLOCK_CHANGE }
  };

  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
    if (kinds[i].letter == letter)
      return kinds[i].kind;
  return SBX_BLOCK_START;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  SbxBlockKind kind = size > 0 ? kind_of (data[0]) : SBX_BLOCK_START;
  SbxBlockWriter writer = { 0 };
  SbxBlock block, again;
  uint8_t *copy;
  int fd;

  if (size == 0)
    return 0;
  copy = malloc (size); /* aligned; a block's first byte is the input's second */
  MUST (copy != NULL);
  memcpy (copy, data + 1, size - 1);
  if (sbx_block_check (&block, copy, size - 1, kind) == 0) {
    for (uint32_t tag = 0; tag < SBX_N_TAGS; tag++)
      if (!is_of_sidecar (tag))
        read_tag (&block, tag, &writer);
    read_sidecars (&block, &writer);
    fd = sbx_block_finish (&writer);
    MUST (fd >= 0);
    MUST (sbx_block_open (&again, fd, kind) == 0);
    MUST (again.size == block.size);
    sbx_block_close (&again);
    close (fd);
  }
  free (copy);
  return 0;
}
