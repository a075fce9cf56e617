// What the command's process is allowed: its user, capabilities and limits.
#include "sandbox.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

/// What root inside may do: the set that container engines give and Dockerfiles are written for. Above all not
/// CAP_SYS_ADMIN, with which read-only mounts could be made writable.
static const unsigned kept[] = {
    CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FSETID, CAP_FOWNER, CAP_MKNOD, CAP_NET_RAW, CAP_SETGID, CAP_SETUID, CAP_SETFCAP,
    CAP_SETPCAP, CAP_NET_BIND_SERVICE, CAP_SYS_CHROOT, CAP_KILL, CAP_AUDIT_WRITE};

static void limit_capabilities(void) {
  struct __user_cap_data_struct data[2] = {{0}};
  for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) data[kept[i] / 32].permitted |= 1u << kept[i] % 32;
  for (unsigned capability = 0; capability < 64; capability++) {
    if (data[capability / 32].permitted >> capability % 32 & 1) continue;
    // The first one that the kernel does not know is behind the last one.
    if (prctl(PR_CAPBSET_DROP, capability) && errno == EINVAL) break;
    else if (prctl(PR_CAPBSET_READ, capability) > 0) fail("capability %u", capability);
  }
  for (int i = 0; i < 2; i++) data[i].effective = data[i].permitted;
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  if (syscall(SYS_capset, &header, data)) fail("capabilities");
}

void limit_process(const struct options *options) {
  // No limit of the address space: emulators reserve far more than they use.
  if (setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0})) fail("core limit");
  if (options->files_max) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit)) fail("file limit");
    limit.rlim_cur = options->files_max;
    // Raising the hard limit is the host administrator's right.
    if (limit.rlim_cur < limit.rlim_max) limit.rlim_max = limit.rlim_cur;
    else limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit)) fail("file limit");
  }
  // A kernel that cannot do it runs such programs under an emulator, which says the right thing by itself.
  if (options->linux32) {
    int known = personality(0xffffffff);
    if (known >= 0) (void)personality(((unsigned)known & ~(unsigned)PER_MASK) | PER_LINUX32);
  }
  // no_new_privs is not set: su, sudo and ping in an image are set-id and have to work, and what they can gain ends at
  // the bounding set and the user namespace. So the filter has to come while there is still a right to it.
  filter_calls(options);
  limit_capabilities();
}

/// Linux 6.14: the highest number of a process is the namespace's own. Before, it is the machine's, and not to be touched.
static bool has_own_highest_number(void) {
  struct utsname system;
  unsigned major = 0, minor = 0;
  return uname(&system) == 0 && sscanf(system.release, "%u.%u", &major, &minor) == 2 && (major > 6 || (major == 6 && minor >= 14));
}

void limit_processes(const struct options *options) {
  if (!options->processes_max || options->cgroup || !has_own_highest_number()) return;
  int file = open("/proc/sys/kernel/pid_max", O_WRONLY | O_CLOEXEC);
  if (file < 0) return;
  // The first 300 are not given out again. What is refused is watched instead.
  char text[24];
  snprintf(text, sizeof text, "%llu", (unsigned long long)options->processes_max + 300);
  if (write(file, text, strlen(text)) < 0) errno = 0;
  close(file);
}

void join_new_session_keyring(void) {
  // Where that is refused, keys are out of reach inside all the same: filter.c.
  syscall(SYS_keyctl, 1 /* KEYCTL_JOIN_SESSION_KEYRING */, NULL);
}

void offer_to_oom(void) {
  int file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (file < 0) return;
  // Only a hint, which may be refused.
  if (write(file, "500", 3) < 0) errno = 0;
  close(file);
}

static bool is_number(const char *text) { return *text && text[strspn(text, "0123456789")] == 0; }

/// One `name:x:number:…` line of a passwd or group file, found by name, or by number where `name` is one.
static bool look_up(const char *file, const char *name, char **fields, size_t count) {
  char *text = read_text(AT_FDCWD, file);
  for (char *rest = text, *line; rest && (line = strsep(&rest, "\n"));) {
    size_t found = 0;
    while (found < count && line) fields[found++] = strsep(&line, ":");
    if (found == count && (!strcmp(fields[0], name) || !strcmp(fields[2], name))) return true;
  }
  return false;
}

static bool is_member(const char *members, const char *name) {
  size_t length = strlen(name);
  for (const char *next = members; (next = strstr(next, name)); next += length)
    if ((next == members || next[-1] == ',') && (!next[length] || next[length] == ',')) return true;
  return false;
}

/// The groups that name `user` as a member, as `initgroups` finds them.
static size_t member_groups(const char *user, gid_t *groups, size_t max) {
  char *text = read_text(AT_FDCWD, "/etc/group");
  size_t count = 0;
  for (char *rest = text, *line; rest && (line = strsep(&rest, "\n")) && count < max;) {
    char *fields[4] = {0};
    size_t found = 0;
    while (found < 4 && line) fields[found++] = strsep(&line, ":");
    if (found == 4 && is_number(fields[2]) && is_member(fields[3], user))
      groups[count++] = (gid_t)strtoul(fields[2], NULL, 10);
  }
  free(text);
  return count;
}

void switch_user(const char *text) {
  if (!text || !*text) return;
  char *user = format_text("%s", text);
  char *group = strchr(user, ':');
  if (group) *group++ = 0;
  uid_t user_id = 0;
  gid_t group_id = 0, groups[64];
  size_t group_count = 0;
  char *fields[4];
  errno = 0;
  if (look_up("/etc/passwd", user, fields, 4)) {
    user_id = (uid_t)strtoul(fields[2], NULL, 10);
    group_id = (gid_t)strtoul(fields[3], NULL, 10);
    if (!group) group_count = member_groups(fields[0], groups, 64);
  } else if (is_number(user)) {
    user_id = (uid_t)strtoul(user, NULL, 10);
  } else {
    errno = 0;
    fail("the image has no user '%s'", user);
  }
  if (group && *group) {
    if (is_number(group)) group_id = (gid_t)strtoul(group, NULL, 10);
    else if (look_up("/etc/group", group, fields, 3)) group_id = (gid_t)strtoul(fields[2], NULL, 10);
    else {
      errno = 0;
      fail("the image has no group '%s'", group);
    }
  }
  if (setgroups(group_count, groups) && errno != EPERM) fail("groups of '%s'", text);
  if (setresgid(group_id, group_id, group_id) || setresuid(user_id, user_id, user_id))
    fail("becoming '%s'", text);
  free(user);
}
