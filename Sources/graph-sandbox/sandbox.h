// What the files of graph-sandbox share. The flow is in main.c; each other file is one subject.
#pragma once
#define _GNU_SOURCE
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

/// Exit codes of the helper itself; every other one is the command's, or 128 + the signal that ended it.
enum { EXIT_EMULATOR = 123, EXIT_SETUP = 125, EXIT_NOT_EXECUTABLE = 126, EXIT_NOT_FOUND = 127 };

/// A growing array of texts.
struct list {
  char **items;
  size_t count;
};

struct bind {
  char *source;
  char *target;
  bool writable;
};

/// What RUN --mount asks for; mounted in order, after the binds.
struct mount {
  enum { MOUNT_BIND, MOUNT_OVERLAY, MOUNT_CACHE, MOUNT_TMPFS, MOUNT_SECRET, MOUNT_SSH } kind;
  char *source;
  /// Whether `source` is a layer tar to unpack.
  bool tar;
  /// The place below `source` that is shown; NULL for all of it.
  char *inside;
  char *target;
  /// Bytes, of a tmpfs; 0 for no limit.
  uint64_t size;
  mode_t mode;
  uid_t user;
  gid_t group;
  /// The bytes of a secret.
  char *content;
  size_t content_size;
  /// What is mounted, as the helper sees it once it is ready; NULL for a tmpfs.
  char *ready;
  bool folder;
};

struct lower {
  char *path;
  /// Whether `path` is a layer tar to unpack instead of a folder.
  bool tar;
};

struct publish {
  int listener;
  uint16_t port;
};

struct emulator {
  char *name;
  char *magic;
  char *mask;
  char *path;
};

struct options {
  /// A folder that becomes the writable root beside the host's /usr and so on; NULL for an overlay as the root.
  char *host_root;
  /// Where the overlay is mounted inside a host root; NULL for none (host root) or `/` (no host root).
  char *target;
  struct lower *lowers;
  size_t lower_count;
  char *upper;
  char *work;
  struct bind *binds;
  size_t bind_count;
  struct mount *mounts;
  size_t mount_count;
  struct emulator *emulators;
  size_t emulator_count;
  struct publish *publishes;
  size_t publish_count;
  struct list environment;
  struct list discards;
  /// Pairs: path inside, path outside.
  struct list collects;
  char *directory;
  char *user;
  char *capture;
  char *status;
  /// Where what is written to an overlay of `mounts` goes; NULL for memory.
  char *scratch;
  /// Why the command is not run at all.
  char *refuse;
  /// A folder to remove instead of running anything.
  char *remove;
  /// A folder to give mode, owner and first content (`prepare_from` or NULL) instead of running anything.
  char *prepare;
  char *prepare_from;
  struct mount prepare_access;
  int64_t epoch;
  uint64_t files_max;
  bool network;
  bool tty;
  /// Whether `uname -m` says what a 32-bit machine of the family says.
  bool linux32;
  /// Whether what is bound read-only first gets the times and modes of our own checkouts.
  bool settle;
  char **command;
};

/// Prints `graph-sandbox: WHAT: ERRNO TEXT` (no error text where errno is 0), writes the status file and exits 125.
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void fail_with(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));
/// Writes one line into the file of `--status`; the first one stays.
void report_status(const char *format, ...) __attribute__((format(printf, 1, 2)));
extern int status_descriptor;
/// What a failure is called in the status file: `failed` for the machine's, `refused` for what was asked.
extern const char *failure_word;

void *allocate(size_t size);
char *format_text(const char *format, ...) __attribute__((format(printf, 1, 2)));
void list_add(struct list *list, const char *text);
void write_all(int descriptor, const void *bytes, size_t count, const char *what);
/// Reads a whole small file; NULL with errno where it cannot.
char *read_text(int folder, const char *path);
/// As `read_text`, for content that may hold zeros; a zero follows it.
char *read_content(int folder, const char *path, size_t *size);

void parse_options(struct options *options, int argc, char **argv);

/// Starts a child in new namespaces and writes its id maps. Returns 0 in the child, as with fork.
pid_t enter_namespaces(const struct options *options);
/// Whether every id of the parent is mapped, so that every chown can succeed.
bool ids_are_mapped(void);
void bring_up_loopback(void);

/// Assembles the root under /newroot of a private tmpfs, where the host is /oldroot.
void build_root(const struct options *options);
/// Makes /newroot the root of the calling process alone.
void enter_root(void);
/// Takes the overlay apart again and removes mountpoints that were made in the upper folder.
void take_root_apart(void);
/// The path of the overlay's upper folder as the helper sees it after `build_root`.
const char *upper_path(void);
/// A path of the host as the helper sees it after `build_root`.
char *outside(const char *path);
/// Opens a path below the root as the command sees it, links resolved inside. -1 with errno.
int open_inside(const char *path, int flags);

void register_emulators(const struct options *options);

/// - remembers: whether owners that cannot be set are remembered: those of the stacked layers.
void unpack_layer(const char *tar, const char *folder, bool remembers);
/// The owner that the layers below give `path`, where it could not be set on the unpacked file.
bool remembered_owner(const char *path, uint32_t *user, uint32_t *group);
bool any_remembered_owner(void);
void forget_owner(const char *path);
void remember_owner(const char *path, uint32_t user, uint32_t group);

void open_ports(struct options *options);
void forward_ports(const struct options *options);
/// Passes bytes between two sockets until both directions have ended.
_Noreturn void relay(int outer, int inner);

/// Makes a folder what `--prepare` says.
void prepare_folder(const struct options *options);

void remove_tree(int folder, const char *name, bool contents_only);
void discard_paths(const struct options *options, int upper);
void capture_upper(const struct options *options, int upper, int output, int64_t started);
void collect_outputs(const struct options *options);
/// Copies a file, folder or link; of the modes only whether a file can be executed.
void copy_entry(int from, const char *name, int to, const char *new_name);

/// Writes one member of a tar stream; `size` bytes of content follow through `tar_content`.
struct member {
  const char *path;
  const char *link;
  char kind;
  uint32_t mode;
  uint32_t user;
  uint32_t group;
  int64_t modified;
  uint64_t size;
  unsigned major, minor;
  /// Pax records ready to be written, sorted.
  const char *records;
  size_t records_size;
};
void tar_open(int descriptor);
void tar_member(const struct member *member);
void tar_content(const void *bytes, size_t count);
void tar_pad(uint64_t size);
void tar_close(void);

/// Appends one pax record `LENGTH name=value\n`.
void pax_record(char **records, size_t *size, const char *name, const void *value, size_t length);

void switch_user(const char *user);
void limit_process(const struct options *options);
