// Programs of other architectures: a binfmt_misc of the sandbox's own, so that the host needs no registration.
#include "sandbox.h"

#include <fcntl.h>
#include <sys/mount.h>

/// `7f45…` as the escapes that the kernel reads.
static char *escaped(const char *hex) {
  size_t length = strlen(hex);
  char *text = allocate(length * 2 + 1);
  for (size_t i = 0; i + 1 < length; i += 2) sprintf(text + i * 2, "\\x%c%c", hex[i], hex[i + 1]);
  return text;
}

/// A kernel before 6.7 has one table for everybody: an entry for the same magic serves as well.
static bool host_has(const struct emulator *emulator) {
  char *path = format_text("/proc/sys/fs/binfmt_misc/qemu-%s", emulator->name);
  char *text = read_text(AT_FDCWD, path);
  // Without F the interpreter would be looked for inside the sandbox's root.
  const char *flags = text ? strstr(text, "flags:") : NULL;
  bool usable = flags && strncmp(text, "enabled", 7) == 0 && memchr(flags + 6, 'F', strcspn(flags + 6, "\n"));
  free(path);
  free(text);
  return usable;
}

void register_emulators(const struct options *options) {
  if (options->emulator_count == 0) return;
  unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
  if (mkdir("binfmt", 0700) || mount("binfmt_misc", "binfmt", "binfmt_misc", flags, NULL)) {
    int error = errno;
    for (size_t i = 0; i < options->emulator_count; i++) {
      if (host_has(&options->emulators[i])) continue;
      errno = error;
      fail_with(EXIT_EMULATOR,
                "programs for %s cannot run: this kernel has no binfmt_misc for user namespaces (Linux 6.7), and the "
                "host has no entry qemu-%s with flag F",
                options->emulators[i].name, options->emulators[i].name);
    }
    return;
  }
  // Open as long as this process lives: with the last mount of the table its entries go, and this one is left behind with
  // the host.
  if (open("binfmt", O_PATH | O_CLOEXEC) < 0) fail("binfmt");
  for (size_t i = 0; i < options->emulator_count; i++) {
    const struct emulator *emulator = &options->emulators[i];
    // P: argv[0] stays what it was, as in a native run. O, C: set-id programs work. F: the kernel opens the interpreter
    // now, so it is found although the root of the command has none.
    char *magic = escaped(emulator->magic), *mask = escaped(emulator->mask);
    char *line = format_text(":qemu-%s:M::%s:%s:%s:POCF", emulator->name, magic, mask, emulator->path);
    int table = open("binfmt/register", O_WRONLY | O_CLOEXEC);
    if (table < 0 || write(table, line, strlen(line)) < 0)
      fail_with(EXIT_EMULATOR, "registering '%s' for %s", emulator->path, emulator->name);
    close(table);
    free(line);
    free(magic);
    free(mask);
  }
}
