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
  /// Where /build and /tmp of a root with the host's programs are; NULL for an overlay as the root.
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
  /// Seconds; 0 for no limit.
  uint64_t timeout;
  /// Bytes that the command and what it leaves in memory may hold; 0 for no limit.
  uint64_t memory_max;
  /// Processes at once; 0 for no limit.
  uint64_t processes_max;
  /// Bytes that the command may write to folders of the disk; 0 for no limit.
  uint64_t disk_max;
  /// Bytes of that disk that are left free: whoever could give them back is ended.
  uint64_t keep_free;
  /// Whether the kernel counts memory and processes.
  bool cgroup;
  /// The process that has to live as long as this one is wanted; 0 for whichever started it.
  pid_t caller;
  bool network;
  bool tty;
  bool serve;
  /// The folder of the control groups that helpers make theirs in; NULL for none.
  char *group;
  /// The process to make that folder for, instead of running anything; 0 for none.
  pid_t delegate;
  /// Whether the command is a program of the host, to be run as it is.
  bool on_host;
  /// Whether `uname -m` says what a 32-bit machine of the family says.
  bool linux32;
  /// Whether what is bound read-only first gets the times and modes of our own checkouts.
  bool settle;
  char **command;
};

/// Prints `graph-sandbox: WHAT: ERRNO TEXT` (no error text where errno is 0), writes the status file and exits 125.
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void fail_with(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));
/// Writes one line into the file of `--status`. The first one says how it ended.
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

/// What the options ask for, from the first namespace to the last line of the status.
///
/// - caller: a descriptor that becomes readable when whoever wants it is gone.
/// - is_wanted: false where it was ended because of that.
/// Returns the exit status.
int run(struct options *options, int caller, bool *is_wanted);
/// Takes requests from the socket that is standard input, until its end.
/// What the options say of limits and of the network is for all that it runs.
_Noreturn void serve(const struct options *options);
/// The descriptor that came with a request as its `text`th, from 0; -1 where there is none.
int received_descriptor(const char *text);

/// A descriptor that becomes readable when the parent ends.
///
/// - expected: its process id; 0 for whichever it is.
int open_caller(pid_t expected);
/// Waits for `child`, and ends it after `seconds` (0 for never) or when `caller` becomes readable.
int supervise(pid_t child, int caller, uint64_t seconds, bool *is_wanted);
/// Runs a program of the host as it is, and ends it with all that it started as soon as `caller` becomes readable or a
/// SIGTERM comes, or when it ends by itself.
int run_on_host(const struct options *options, int caller);

/// Starts a child in new namespaces and writes its id maps. Returns 0 in the child, as with fork.
///
/// - group: the folder of the control group that it begins in; -1 for the parent's.
pid_t enter_namespaces(const struct options *options, int group);
/// Has to follow when it has ended.
void namespaces_ended(void);
/// Puts this process, which serves, into a user namespace and a network namespace. What it runs shares them, one after the
/// other: making them costs more than most commands. A network in which anything has moved is replaced by a new one.
///
/// - network: whether it keeps the host's network.
void enter_own_namespaces(bool network);
/// Leaves the keys of who started this behind.
void join_new_session_keyring(void);
/// Makes this process and those that it starts what the kernel ends first when memory runs out.
void offer_to_oom(void);
/// Whether every id of the parent is mapped, so that every chown can succeed.
bool ids_are_mapped(void);
/// Whether the root of this user namespace is the host's.
bool is_root_of_host(void);

/// Assembles the command's root. Afterwards relative paths start from the helper's own folder in memory, absolute ones
/// are the host's as before.
void build_root(const struct options *options);
/// Makes it the root of this process and of those that it starts. Of the host only descriptors are left.
void leave_host(const struct options *options);
/// Removes mountpoints that were made in the upper folder, and what overlayfs keeps there for itself.
void clean_upper(void);
/// The overlay's upper folder after `leave_host`; -1 where nothing is stacked.
int upper_descriptor(void);
/// Copies what host roots have of /etc, once for all that a helper which serves runs in them.
void prepare_etc(const struct options *options);
/// A path by which the kernel finds an open descriptor.
char *descriptor_path(int descriptor);
/// Opens the folder above `path`, which starts below `root`, and tells its last part. No link is followed. -1 with errno.
int open_parent_beneath(int root, const char *path, const char **name);
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

/// Gives everything at `path` the times and modes of our own checkouts.
void settle_tree(const char *path);

/// Makes a folder what `--prepare` says.
void prepare_folder(const struct options *options);

void remove_tree(int folder, const char *name, bool contents_only);
/// Removes what is in a folder, but for the names in `kept` (ended by NULL, or NULL for none).
void empty_folder(int folder, const char *const *kept);
void discard_paths(const struct options *options, int upper);
void capture_upper(const struct options *options, int upper, int output, int64_t started);
/// Opens the places of the host that outputs are taken from and go to.
void open_outside(const struct options *options);
void collect_outputs(const struct options *options);
/// Makes the folders of a host root on the disk what they were before the command.
void empty_work_folders(const struct options *options);
/// Copies a file, folder or link; of the modes only whether a file can be executed.
///
/// - public_only: whether what not everybody may read is left out.
void copy_entry(int from, const char *name, int to, const char *new_name, bool public_only);

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

/// Takes from the calling process, for good, the system calls that no action gets.
void filter_calls(const struct options *options);
/// Makes room for the control groups of `graph` where that was handed to us, and says where in the status: `cgroup FOLDER`,
/// in which this helper then has one, or `none WHY`.
///
/// - memory_max: bytes, of all that it runs together.
void delegate(pid_t graph, uint64_t memory_max);
/// A control group in `folder` for what this process runs, one after the other.
void open_group(const char *folder);
/// Sets its limits for the next command. -1 where there is no group.
int prepare_group(struct options *options);
/// Says which limits were reached, and the most memory that was in use.
void report_group(const struct options *options);

/// Whether /proc of the command's root shows its processes and no others.
bool sees_own_processes(void);
/// Opens the folders of the disk that are watched.
void open_watched(const struct options *options);
/// In milliseconds.
int watch_interval(void);
/// False where the command uses too much, which is said in the status then.
bool watch(const struct options *options);
/// Says the most memory that was in use, where there is no control group that knows it.
void report_usage(const struct options *options);
/// Bytes of files that are in memory: the root's, and those of memory that the command mounts.
uint64_t memory_of_files(const struct options *options);
/// Bounds how many processes there are at once in this pid namespace, where the kernel can do it without a control group.
void limit_processes(const struct options *options);

void switch_user(const char *user);
void limit_process(const struct options *options);
