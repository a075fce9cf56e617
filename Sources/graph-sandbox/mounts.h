// What roots.c assembles the command's root from.
#pragma once
#include "sandbox.h"

/// The helper's own root: a tmpfs with the host at /oldroot and room for the command's root at /newroot.
void mount_base(void);
/// Makes `path` of the helper's view visible at `target` inside; `attributes` are those of mount_setattr.
void bind_inside(const char *source, const char *target, bool folder, unsigned long attributes);
void mount_inside(const char *type, const char *target, unsigned long flags, const char *data);
void mount_proc(void);
void mount_devices(void);
/// Opens a mountpoint inside the root, making what is missing of its path.
int open_target(const char *path, bool folder);
/// Is told of every path that `open_target` makes.
void note_mountpoint(const char *path);

/// The path of what is at `source` with the times and modes of our own checkouts: `source` itself where they can be set,
/// a copy in memory where not.
char *settled_input(const char *source, size_t number);

/// Makes what `options->mounts` show ready outside the command's root.
void prepare_mounts(const struct options *options);
/// Shows it in the command's root.
void add_mounts(const struct options *options);

bool is_folder(const char *path);
/// Makes a folder where there is none, and gives it `mode`.
void make_folder(const char *path, mode_t mode);
/// A path by which the kernel finds an open descriptor.
char *descriptor_path(int descriptor);
