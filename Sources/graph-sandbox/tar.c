// Writes the one canonical form of a tar stream: ustar headers, pax records only for what a header cannot say.
//
// Numeric owners and no names, modes with their set-id bits, whole seconds, no device numbers but those of devices. A
// name over 100 bytes is a `path` record, never a ustar prefix, so that there is one way to write each entry.
#include "sandbox.h"

static int output = -1;
static char buffer[1 << 16];
static size_t used;

void tar_open(int descriptor) { output = descriptor; }

static void flush_buffer(void) {
  write_all(output, buffer, used, "writing the capture");
  used = 0;
}

void tar_content(const void *bytes, size_t count) {
  const char *next = bytes;
  while (count > 0) {
    size_t part = sizeof buffer - used < count ? sizeof buffer - used : count;
    memcpy(buffer + used, next, part);
    used += part;
    next += part;
    count -= part;
    if (used == sizeof buffer) flush_buffer();
  }
}

void tar_pad(uint64_t size) {
  static const char zeros[512];
  if (size % 512) tar_content(zeros, 512 - size % 512);
}

void tar_close(void) {
  static const char zeros[1024];
  tar_content(zeros, sizeof zeros);
  flush_buffer();
}

void pax_record(char **records, size_t *size, const char *name, const void *value, size_t length) {
  // The length counts its own digits.
  size_t rest = strlen(name) + length + 3, total = rest + 1;
  while (total != rest + (size_t)snprintf(NULL, 0, "%zu", total))
    total = rest + (size_t)snprintf(NULL, 0, "%zu", total);
  char *grown = realloc(*records, *size + total + 1);
  if (!grown) fail("memory");
  int head = sprintf(grown + *size, "%zu %s=", total, name);
  memcpy(grown + *size + head, value, length);
  grown[*size + total - 1] = '\n';
  *records = grown;
  *size += total;
}

static void octal(char *field, int width, uint64_t value) {
  snprintf(field, (size_t)width, "%0*llo", width - 1, (unsigned long long)value);
}

static void header(const char *path, const char *link, char kind, const struct member *member, uint64_t size) {
  char block[512] = {0};
  memcpy(block, path, strnlen(path, 100));
  octal(block + 100, 8, member->mode);
  octal(block + 108, 8, member->user & 07777777);
  octal(block + 116, 8, member->group & 07777777);
  octal(block + 124, 12, size & 077777777777);
  octal(block + 136, 12, member->modified < 0 ? 0 : (uint64_t)member->modified & 077777777777);
  block[156] = kind;
  memcpy(block + 157, link, strnlen(link, 100));
  memcpy(block + 257, "ustar\00000", 8);
  octal(block + 329, 8, member->major);
  octal(block + 337, 8, member->minor);
  memset(block + 148, ' ', 8);
  unsigned sum = 0;
  for (int i = 0; i < 512; i++) sum += (unsigned char)block[i];
  snprintf(block + 148, 8, "%06o", sum);
  block[155] = ' ';
  tar_content(block, sizeof block);
}

static void number_record(char **records, size_t *size, const char *name, long long value) {
  char text[24];
  int length = snprintf(text, sizeof text, "%lld", value);
  pax_record(records, size, name, text, (size_t)length);
}

void tar_member(const struct member *member) {
  char *records = NULL;
  size_t size = 0;
  const char *link = member->link ? member->link : "";
  // In the order of their names; the attributes (SCHILY.xattr…) sort before all of them.
  if (member->records_size) {
    records = allocate(member->records_size);
    memcpy(records, member->records, member->records_size);
    size = member->records_size;
  }
  if (member->group > 07777777) number_record(&records, &size, "gid", member->group);
  if (strlen(link) > 100) pax_record(&records, &size, "linkpath", link, strlen(link));
  if (member->modified < 0 || member->modified > 077777777777)
    number_record(&records, &size, "mtime", member->modified);
  if (strlen(member->path) > 100) pax_record(&records, &size, "path", member->path, strlen(member->path));
  if (member->size > 077777777777) number_record(&records, &size, "size", (long long)member->size);
  if (member->user > 07777777) number_record(&records, &size, "uid", member->user);
  if (size) {
    struct member extension = {.mode = 0644};
    header("PaxHeaders/entry", "", 'x', &extension, size);
    tar_content(records, size);
    tar_pad(size);
  }
  free(records);
  header(member->path, link, member->kind, member, member->size);
}
