// What roots with the host's programs have of the host's /etc.
#include "mounts.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>

/// The files of /etc that programs of the host's /usr need to start and to name users; nothing that names the machine.
/// alternatives: targets of links in /usr/bin. ld.so.*: the loader. rpm, dpkg: macros and vendor settings of those
/// tools. ssl, pki, crypto-policies: certificates and what libraries read when they start. mke2fs.conf, xattr.conf,
/// magic, mime.types, terminfo, fonts: tables of the programs they are called after.
static const char *const host_files[] = {
    "passwd", "group", "nsswitch.conf", "alternatives", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "rpm", "dpkg",
    "ssl", "pki", "ca-certificates", "crypto-policies", "mke2fs.conf", "xattr.conf", "magic", "mime.types", "terminfo",
    "fonts", "bash.bashrc", "profile", "protocols", "services", NULL};

/// What only makes sense with the host's network.
const char *const network_files[] = {"resolv.conf", "hosts", "gai.conf", NULL};

static void copy_host_files(const char *folder, const char *const *names) {
  for (size_t i = 0; names[i]; i++) {
    char *source = format_text("/etc/%s", names[i]), *target = format_text("%s/%s", folder, names[i]);
    char *real = realpath(source, NULL);
    if (real) copy_entry(AT_FDCWD, real, AT_FDCWD, target, true);
    free(source);
    free(target);
    free(real);
  }
}

static void copy_etc(const char *folder, bool network) {
  make_folder(folder, 0755);
  copy_host_files(folder, host_files);
  if (network) copy_host_files(folder, network_files);
  settle_tree(folder);
}

/// Whether the folder that this process is in has a copy that serves every command.
static bool is_ready;

void prepare_etc(const struct options *options) {
  // Not where an emulator asks for a user namespace below ours: what is over the root makes this process one with another
  // root than its mount namespace, and the kernel gives those none. Helpers of such commands serve no others.
  if (is_ready || !options->host_root || options->network || options->emulator_count > 0) return;
  // In memory, and where processes that are started with mounts of their own are in their copy of it.
  if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL)) fail("mounts of the helper's own");
  enter_memory(0);
  copy_etc("etc", false);
  is_ready = true;
}

int etc_tree(const struct options *options) {
  if (!options->host_root || !is_ready) return -1;
  int tree = (int)syscall(SYS_open_tree, AT_FDCWD, "etc", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
  if (tree < 0) fail("/etc");
  return tree;
}

void mount_etc(int tree, bool network) {
  if (tree < 0) {
    copy_etc("etc", network);
    bind_inside("etc", "/etc", READ_ONLY);
  } else {
    attach_inside(tree, "/etc", READ_ONLY);
  }
}
