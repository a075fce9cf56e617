// The namespaces, and which ids exist inside.
#include "sandbox.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <net/if.h>
#include <poll.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define REFUSED "new namespaces are refused (user.max_user_namespaces, kernel.unprivileged_userns_clone)"

static bool has_capability(unsigned capability) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2] = {{0}};
  if (syscall(SYS_capget, &header, data)) return false;
  return data[capability / 32].effective >> (capability % 32) & 1;
}

static void write_process_file(pid_t child, const char *name, const char *text) {
  char *path = format_text("/proc/%d/%s", child, name);
  int descriptor = open(path, O_WRONLY | O_CLOEXEC);
  if (descriptor < 0) fail("'%s'", path);
  if (write(descriptor, text, strlen(text)) < 0) {
    if (errno == EPERM && geteuid() == 0 && !has_capability(CAP_SETFCAP))
      fail("root without CAP_SETFCAP cannot be mapped into a user namespace (give the outer sandbox "
           "CAP_SETFCAP or another user id): '%s'", path);
    fail("'%s'", path);
  }
  close(descriptor);
  free(path);
}

/// Every id that this process's own namespace has, under the same number.
static char *identity_map(const char *own_map) {
  char *text = read_text(AT_FDCWD, own_map);
  if (!text) fail("'%s'", own_map);
  char *map = format_text("%s", "");
  unsigned long inside, outside, count;
  int used;
  for (char *line = text; sscanf(line, "%lu %lu %lu%n", &inside, &outside, &count, &used) == 3; line += used) {
    char *longer = format_text("%s%lu %lu %lu\n", map, inside, inside, count);
    free(map);
    map = longer;
  }
  free(text);
  return map;
}

/// The caller's range in /etc/subuid or /etc/subgid, by name or number.
static bool subordinate_range(const char *file, char *start, char *count) {
  char *text = read_text(AT_FDCWD, file);
  if (!text) return false;
  char *passwd = read_text(AT_FDCWD, "/etc/passwd");
  char name[64] = "";
  // getpwuid would need the name service, which a static program must not load.
  for (char *rest = passwd, *line; rest && (line = strsep(&rest, "\n"));) {
    unsigned user;
    char candidate[64];
    if (sscanf(line, "%63[^:]:%*[^:]:%u:", candidate, &user) == 2 && user == getuid()) {
      snprintf(name, sizeof name, "%s", candidate);
      break;
    }
  }
  char number[16];
  snprintf(number, sizeof number, "%u", getuid());
  bool found = false;
  char owner[64];
  for (char *rest = text, *line; !found && (line = strsep(&rest, "\n"));)
    found = sscanf(line, "%63[^:]:%15[0-9]:%15[0-9]", owner, start, count) == 3 &&
            (strcmp(owner, number) == 0 || (*name && strcmp(owner, name) == 0));
  free(text);
  free(passwd);
  return found;
}

/// Runs newuidmap or newgidmap, which are set-id root: id 0 is the caller, the rest its subordinate range.
static bool map_subordinates(const char *tool, pid_t child, unsigned self, const char *start, const char *count) {
  char child_text[16], self_text[16];
  snprintf(child_text, sizeof child_text, "%d", child);
  snprintf(self_text, sizeof self_text, "%u", self);
  pid_t mapper = fork();
  if (mapper < 0) fail("fork");
  if (mapper == 0) {
    execlp(tool, tool, child_text, "0", self_text, "1", "1", start, count, NULL);
    _exit(127);
  }
  int status;
  while (waitpid(mapper, &status, 0) < 0 && errno == EINTR) {}
  return status == 0;
}

static void write_maps(pid_t child) {
  if (has_capability(CAP_SETUID) && has_capability(CAP_SETGID)) {
    char *users = identity_map("/proc/self/uid_map"), *groups = identity_map("/proc/self/gid_map");
    write_process_file(child, "uid_map", users);
    write_process_file(child, "gid_map", groups);
    free(users);
    free(groups);
    return;
  }
  char user_start[16], user_count[16], group_start[16], group_count[16];
  if (subordinate_range("/etc/subuid", user_start, user_count) &&
      subordinate_range("/etc/subgid", group_start, group_count) &&
      map_subordinates("newuidmap", child, getuid(), user_start, user_count) &&
      map_subordinates("newgidmap", child, getgid(), group_start, group_count))
    return;
  char map[48];
  snprintf(map, sizeof map, "0 %u 1\n", geteuid());
  write_process_file(child, "uid_map", map);
  // The kernel wants it so: without it, leaving a group could give access that the group denies.
  write_process_file(child, "setgroups", "deny");
  snprintf(map, sizeof map, "0 %u 1\n", getegid());
  write_process_file(child, "gid_map", map);
}

/// Of the namespace.
static void become_root(void) {
  // Where setgroups is denied there is no other group either.
  if (setgroups(0, NULL) && errno != EPERM) fail("setgroups");
  if (setresgid(0, 0, 0) || setresuid(0, 0, 0)) fail("becoming root of the namespace");
}

static void bring_up_loopback(void) {
  int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) fail("socket");
  struct ifreq request = {0};
  memcpy(request.ifr_name, "lo", 3);
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  if (ioctl(descriptor, SIOCSIFFLAGS, &request)) fail("loopback");
  close(descriptor);
}

/// What a helper that serves has for all that it runs, one after the other.
static bool has_user_namespace, has_network_namespace;
/// The end of a pipe that is open as long as this process lives.
static int still_there = -1;

/// A user namespace for this process itself. Somebody outside has to write its maps.
static void enter_user_namespace(void) {
  int ready[2];
  pid_t self = getpid();
  if (pipe2(ready, O_CLOEXEC)) fail("pipe");
  pid_t mapper = fork();
  if (mapper < 0) fail("fork");
  if (mapper == 0) {
    close(ready[1]);
    char go;
    if (read(ready[0], &go, 1) != 1) _exit(EXIT_SETUP);
    write_maps(self);
    _exit(0);
  }
  close(ready[0]);
  if (unshare(CLONE_NEWUSER)) fail(REFUSED);
  write_all(ready[1], "m", 1, "pipe");
  close(ready[1]);
  int status;
  while (waitpid(mapper, &status, 0) < 0 && errno == EINTR) {}
  if (status) _exit(EXIT_SETUP);
  become_root();
}

/// What /proc says of the network namespace: its interfaces, and the sockets in use.
static int interfaces = -1, sockets = -1;

static void enter_network_namespace(void) {
  if (unshare(CLONE_NEWNET)) fail(REFUSED);
  bring_up_loopback();
  if (interfaces >= 0) close(interfaces);
  if (sockets >= 0) close(sockets);
  interfaces = open("/proc/self/net/dev", O_RDONLY | O_CLOEXEC);
  sockets = open("/proc/self/net/sockstat", O_RDONLY | O_CLOEXEC);
}

/// The number behind `name`; -1 where there is none.
static long number_in(int file, const char *name) {
  char text[4096];
  ssize_t length = pread(file, text, sizeof text - 1, 0);
  text[length > 0 ? length : 0] = 0;
  const char *found = strstr(text, name);
  return found ? strtol(found + strlen(name), NULL, 10) : -1;
}

static void renew_network(void) {
  if (!has_network_namespace) return;
  // Without a packet there is nothing of a connection left either, such as a port that waits for its time to be over.
  if (number_in(interfaces, "lo:") != 0 || number_in(sockets, "sockets: used ") != 0) enter_network_namespace();
}

void enter_own_namespaces(bool network) {
  enter_user_namespace();
  has_user_namespace = true;
  if (network) return;
  enter_network_namespace();
  has_network_namespace = true;
}

bool ids_are_mapped(void) {
  char *map = read_text(AT_FDCWD, "/proc/self/uid_map");
  unsigned long inside, outside, count, total = 0;
  int used;
  for (char *line = map; line && sscanf(line, "%lu %lu %lu%n", &inside, &outside, &count, &used) == 3; line += used)
    total += count;
  free(map);
  return total >= 65536;
}

bool is_root_of_host(void) {
  char *map = read_text(AT_FDCWD, "/proc/self/uid_map");
  unsigned long inside, outside;
  bool is_root = map && sscanf(map, "%lu %lu", &inside, &outside) == 2 && inside == 0 && outside == 0 && geteuid() == 0;
  free(map);
  return is_root;
}

pid_t enter_namespaces(const struct options *options, int group) {
  int alive[2];
  if (pipe2(alive, O_CLOEXEC)) fail("pipe");
  unsigned long flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;
  // An emulator is registered in a user namespace, and must not be there for the next command.
  bool own_ids = !has_user_namespace || options->emulator_count > 0;
  if (own_ids) flags |= CLONE_NEWUSER;
  if (!options->network && !has_network_namespace) flags |= CLONE_NEWNET;
  struct clone_args arguments = {.flags = flags, .exit_signal = SIGCHLD};
  if (group >= 0) {
    arguments.flags |= CLONE_INTO_CGROUP;
    arguments.cgroup = (uint64_t)group;
  }
  pid_t child = (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments);
  // Other sandboxes, in which this one may run, have no such call, because they cannot look into its arguments.
  if (child < 0 && errno == ENOSYS && group < 0) child = (pid_t)syscall(SYS_clone, flags | SIGCHLD, NULL, NULL, NULL, NULL);
  if (child < 0) fail(REFUSED);
  if (child > 0) {
    close(alive[0]);
    if (own_ids) {
      write_maps(child);
      write_all(alive[1], "m", 1, "pipe");
    }
    // Stays open: its end tells the child that we are gone.
    still_there = alive[1];
    return child;
  }
  close(alive[1]);
  if (own_ids) {
    char go;
    if (read(alive[0], &go, 1) != 1) _exit(EXIT_SETUP);
    become_root();
  }
  // Changing ids clears it, so only now. The parent may have died just before: then the pipe has ended.
  if (prctl(PR_SET_PDEATHSIG, SIGKILL)) fail("parent death signal");
  struct pollfd parent = {alive[0], POLLIN, 0};
  if (poll(&parent, 1, 0) > 0) _exit(EXIT_SETUP);
  close(alive[0]);
  // This process has descriptors of the host; nobody inside may look through /proc/1.
  if (prctl(PR_SET_DUMPABLE, 0)) fail("dumpable");
  if (sethostname("graph", 5) || setdomainname("(none)", 6)) fail("host name");
  if (flags & CLONE_NEWNET) bring_up_loopback();
  limit_processes(options);
  return 0;
}

void namespaces_ended(void) {
  close(still_there);
  renew_network();
}
