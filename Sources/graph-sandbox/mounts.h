// What roots.c assembles the command's root from.
#pragma once
#include "sandbox.h"

#include <linux/mount.h>

/// The helper's own folder in memory: made, attached where it hides nothing, and the folder that relative paths of the
/// helper start from. The command's root grows at `newroot` in it.
///
/// - size: bytes at most; 0 for the kernel's own bound.
void mount_base(uint64_t size);
/// Makes a folder in memory, attaches it where it hides nothing, and goes there. Returns its descriptor.
int enter_memory(uint64_t size);
/// Makes `newroot` the root, and detaches everything else.
void pivot(void);
/// Shows a mount that hangs nowhere yet at `target` inside, with more attributes.
void attach_inside(int tree, const char *target, uint64_t attributes);

/// Makes `path` of the host visible at `target` inside; `attributes` are those of mount_setattr.
void bind_inside(const char *source, const char *target, uint64_t attributes);
/// As above, and false where there is no `source`.
bool bind_if_there(const char *source, const char *target, uint64_t attributes);
/// Mounts a new file system at `target` inside; `settings` are pairs of key and value, ended by NULL.
void mount_inside(const char *type, const char *target, uint64_t attributes, const char *const *settings);
void mount_proc(void);
void mount_devices(void);
/// Opens a mountpoint inside the root, making what is missing of its path.
int open_target(const char *path, bool folder);
/// Is told of every path that `open_target` makes.
void note_mountpoint(const char *path);

/// The path of what is at `source` with the times and modes of our own checkouts: `source` itself where they can be set,
/// a copy in memory where not.
char *settled_input(const char *source, size_t number);

/// The attributes of what a command may only read.
enum { READ_ONLY = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV };

/// A copy of `prepare_etc`'s that hangs nowhere yet; -1 where there is none. The helper is still where that was made.
int etc_tree(const struct options *options);
/// Shows it at /etc, or a copy of this run's own.
void mount_etc(int tree, bool network);

/// Shows /build and /tmp of a host root, and makes them where they are missing.
void bind_work_folders(const struct options *options);

/// Names in /etc, ended by NULL.
extern const char *const network_files[];

/// Makes what `options->mounts` show ready outside the command's root.
void prepare_mounts(const struct options *options);
/// Shows it in the command's root.
void add_mounts(const struct options *options);

/// 1980-01-01, in seconds since 1970: the time of every input, because an action may not see when it runs.
enum { INPUT_TIME = 315532800 };
/// Gives `path` that time, where it can be given one.
void settle_time(const char *path);

bool is_folder(const char *path);
/// Makes a folder where there is none, and gives it `mode`.
void make_folder(const char *path, mode_t mode);
