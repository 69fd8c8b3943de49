/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* As much of D-Bus as a hostile application needs, and with the freedom to break its rules. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Bytes of a message in the making, aligned as D-Bus wants it. */
typedef struct {
  unsigned char bytes[16384];
  size_t size;
} Wire;

void wire_align (Wire *wire, size_t to);
void wire_byte (Wire *wire, unsigned char value);
void wire_u32 (Wire *wire, uint32_t value);
void wire_string (Wire *wire, const char *text); /* object paths too */
void wire_signature (Wire *wire, const char *text);
/* An array whose elements are aligned to @to: begins it, and ends it at where it began. */
size_t wire_array (Wire *wire, size_t to);
void wire_array_end (Wire *wire, size_t began, size_t to);
/* An array of byte strings, each with its NUL. */
void wire_byte_strings (Wire *wire, const char *const *strings);

typedef struct {
  int sock;
  uint32_t serial;
  unsigned char message[65536]; /* the latest that came */
  size_t size;
  char error[128]; /* its error's name, "" for a reply */
} Bus;

typedef struct {
  const char *destination, *path, *interface, *member;
  const char *signature; /* of @body */
  const Wire *body;
  const char *second_destination; /* one more, against the rules */
} Call;

/* Connects, says who we are, and Hello. At "address=" if that is given, else as the environment says. Ends the program
 * with 2 if @must and it does not work; else -1 with errno. */
int bus_open (Bus *bus, const char *address, int must);
/* Sends it and waits for the answer. 0: a reply; -1: an error, or none came (errno, and error is ""). */
int bus_call (Bus *bus, const Call *call);
/* The same for a method of the bus itself with at most two strings. */
int bus_ask (Bus *bus, const char *member, const char *one, const char *other);

/* --bus-peer ADDRESS NAME: owns the name, says "ready UNIQUE-NAME", and answers every call with an empty reply. */
int be_bus_peer (int argc, char **argv);
