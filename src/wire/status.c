/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wire/status.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD "[Status]\n"
#define LINE (SBX_STATUS_TEXT + 32) /* longer than every line */

typedef enum { KIND_STATE, KIND_CULPRIT, KIND_INT32, KIND_UINT32, KIND_INT64, KIND_TEXT } Kind;

/* A key, and where its value is in SbxStatus; a number is from @min to @max. */
typedef struct {
  const char *key;
  Kind kind;
  size_t offset;
  int64_t min, max;
} Field;

#define AT(name) offsetof (SbxStatus, name)

static const Field fields[] = {
  { "State", KIND_STATE, AT (state), 0, 0 },
  { "Pid", KIND_INT32, AT (pid), 0, INT32_MAX },
  { "InitPid", KIND_INT32, AT (init_pid), 0, INT32_MAX },
  { "KeeperPid", KIND_INT32, AT (keeper_pid), 0, INT32_MAX },
  { "StartTime", KIND_INT64, AT (start_time), 0, INT64_MAX },
  { "ExitTime", KIND_INT64, AT (exit_time), 0, INT64_MAX },
  { "WaitStatus", KIND_INT32, AT (wait_status), 0, 0xffff },
  { "Culprit", KIND_CULPRIT, AT (culprit), 0, 0 },
  { "CulpritStatus", KIND_INT32, AT (culprit_status), INT32_MIN, INT32_MAX },
  { "Enforced", KIND_UINT32, AT (enforced), 0, UINT32_MAX },
  { "Text", KIND_TEXT, AT (text), 0, 0 },
};
#define N_FIELDS (sizeof fields / sizeof *fields)

static const char *const states[SBX_N_STATUS_STATES] = {
  [SBX_STATUS_PREPARED] = "prepared",
  [SBX_STATUS_RUNNING] = "running",
  [SBX_STATUS_EXITED] = "exited",
};

/* How many bytes the letter at @text takes, or 0 if that is no UTF-8 (RFC 3629, section 4). */
static size_t
measure_letter (const char *text)
{
  static const struct {
    unsigned char first, last; /* of the first byte */
    unsigned char second_min, second_max;
    size_t size;
  } rows[] = {
    { 0x01, 0x7f, 0, 0, 1 },       { 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
    { 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
    { 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
  };
  const unsigned char *bytes = (const unsigned char *) text;

  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    if (bytes[0] < rows[i].first || bytes[0] > rows[i].last)
      continue;
    if (rows[i].size > 1 && (bytes[1] < rows[i].second_min || bytes[1] > rows[i].second_max))
      return 0;
    for (size_t at = 2; at < rows[i].size; at++)
      if (bytes[at] < 0x80 || bytes[at] > 0xbf) /* so is the NUL at the end */
        return 0;
    return rows[i].size;
  }
  return 0;
}

void
sbx_status_set_text (SbxStatus *status, const char *text)
{
  char line[SBX_STATUS_TEXT];
  size_t n = 0, size;

  for (; (size = measure_letter (text)) > 0 && n + size < sizeof line; text += size) {
    bool blank = (unsigned char) *text <= ' ' || *text == 0x7f;

    if (blank && n == 0)
      continue;
    memcpy (line + n, text, size);
    if (blank)
      line[n] = ' ';
    n += size;
  }
  while (n > 0 && line[n - 1] == ' ')
    n--;
  memset (status->text, '\0', sizeof status->text);
  memcpy (status->text, line, n);
}

static const char *
culprit_of (const SbxStatus *status)
{
  return status->state == SBX_STATUS_EXITED ? sbx_culprit_name (status->culprit) : "";
}

/* The line of @field into @line. */
static void
write_field (const Field *field, const SbxStatus *status, char line[LINE])
{
  const void *at = (const char *) status + field->offset;

  switch (field->kind) {
  case KIND_STATE:
    snprintf (line, LINE, "%s=%s\n", field->key, states[status->state]);
    break;
  case KIND_CULPRIT:
    snprintf (line, LINE, "%s=%s\n", field->key, culprit_of (status));
    break;
  case KIND_INT32:
    snprintf (line, LINE, "%s=%" PRId32 "\n", field->key, *(const int32_t *) at);
    break;
  case KIND_UINT32:
    snprintf (line, LINE, "%s=%" PRIu32 "\n", field->key, *(const uint32_t *) at);
    break;
  case KIND_INT64:
    snprintf (line, LINE, "%s=%" PRId64 "\n", field->key, *(const int64_t *) at);
    break;
  case KIND_TEXT:
    snprintf (line, LINE, "%s=%s\n", field->key, (const char *) at);
    break;
  }
}

void
sbx_status_write (const SbxStatus *status, char file[SBX_STATUS_SIZE])
{
  SbxStatus clean = *status;
  char line[LINE];
  size_t at = sizeof HEAD - 1;

  sbx_status_set_text (&clean, status->text);
  memset (file, '\n', SBX_STATUS_SIZE);
  memcpy (file, HEAD, at);
  for (size_t i = 0; i < N_FIELDS; i++) {
    write_field (&fields[i], &clean, line);
    for (const char *c = line; *c; c++) /* all lines together are far from the end */
      file[at++] = *c;
  }
}

/* A decimal number as printf writes it: no blanks, no zeros before it. */
static int
read_number (const char *text, int64_t min, int64_t max, int64_t *number)
{
  const char *digits = text + (*text == '-');
  char *end;

  if (*digits < '0' || *digits > '9' || (*digits == '0' && (digits[1] || digits > text)))
    return -1;
  errno = 0;
  *number = strtoll (text, &end, 10);
  return errno == 0 && *end == '\0' && *number >= min && *number <= max ? 0 : -1;
}

static int
read_state (const char *text, SbxStatus *status)
{
  for (unsigned i = 0; i < SBX_N_STATUS_STATES; i++)
    if (strcmp (text, states[i]) == 0) {
      status->state = (SbxStatusState) i;
      return 0;
    }
  return -1;
}

/* The state, which comes first, says whether there is one. */
static int
read_culprit (const char *text, SbxStatus *status)
{
  if (status->state != SBX_STATUS_EXITED)
    return *text ? -1 : 0;
  for (unsigned i = 0; i < SBX_N_CULPRITS; i++)
    if (strcmp (text, sbx_culprit_name (i)) == 0) {
      status->culprit = (SbxCulprit) i;
      return 0;
    }
  return -1;
}

static int
read_text (const char *text, SbxStatus *status)
{
  if (strlen (text) >= sizeof status->text)
    return -1;
  sbx_status_set_text (status, text);
  return 0;
}

static int
read_value (const Field *field, const char *text, SbxStatus *status)
{
  void *at = (char *) status + field->offset;
  int64_t number;

  switch (field->kind) {
  case KIND_STATE:
    return read_state (text, status);
  case KIND_CULPRIT:
    return read_culprit (text, status);
  case KIND_TEXT:
    return read_text (text, status);
  case KIND_INT32:
  case KIND_UINT32:
  case KIND_INT64:
    break;
  }
  if (read_number (text, field->min, field->max, &number) < 0)
    return -1;
  if (field->kind == KIND_INT64)
    *(int64_t *) at = number;
  else if (field->kind == KIND_UINT32)
    *(uint32_t *) at = (uint32_t) number;
  else
    *(int32_t *) at = (int32_t) number;
  return 0;
}

/* The line of @field, which *@file begins with; *@file begins behind it then. */
static int
read_field (const Field *field, const char **file, size_t *size, SbxStatus *status)
{
  size_t n = strlen (field->key);
  const char *end = memchr (*file, '\n', *size);
  char line[LINE];
  size_t length = end ? (size_t) (end - *file) : LINE;

  if (length >= LINE || memchr (*file, '\0', length))
    return -1;
  memcpy (line, *file, length);
  line[length] = '\0';
  if (strncmp (line, field->key, n) != 0 || line[n] != '=' || read_value (field, line + n + 1, status) < 0)
    return -1;
  *file += length + 1;
  *size -= length + 1;
  return 0;
}

static bool
is_blank (const char *file, size_t size)
{
  for (size_t i = 0; i < size; i++)
    if (file[i] != '\n')
      return false;
  return true;
}

int
sbx_status_read (SbxStatus *status, const char *file, size_t size, const char **wrong)
{
  *status = (SbxStatus){ .state = SBX_STATUS_PREPARED };
  *wrong = "[Status]";
  errno = EBADMSG;
  if (size <= SBX_STATUS_SIZE && is_blank (file, size))
    return 0;
  if (size > SBX_STATUS_SIZE || size < sizeof HEAD - 1 || memcmp (file, HEAD, sizeof HEAD - 1) != 0)
    return -1;
  file += sizeof HEAD - 1;
  size -= sizeof HEAD - 1;
  for (size_t i = 0; i < N_FIELDS; i++) {
    *wrong = fields[i].key;
    if (read_field (&fields[i], &file, &size, status) < 0) {
      errno = EBADMSG;
      return -1;
    }
  }
  errno = EBADMSG;
  return is_blank (file, size) ? 0 : -1;
}
