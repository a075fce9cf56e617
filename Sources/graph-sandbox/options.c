// The command line. Every path of the host is made absolute here, before the mount namespace changes what it means.
#include "sandbox.h"

#include <fcntl.h>
#include <getopt.h>
#include <limits.h>

static const char usage[] =
    "usage: graph-sandbox [options] -- command [argument ...]\n"
    "  --host-root DIR            the host's /usr and so on, read-only; /build and /tmp are in DIR, and empty afterwards\n"
    "  --target PATH              with --host-root: where the stacked layers are mounted\n"
    "  --lower DIR | --unpack TAR a layer, bottom first; a tar is unpacked into memory\n"
    "  --upper DIR --work DIR     where changes go; in memory when left out\n"
    "  --bind SRC DST | --bind-ro SRC DST\n"
    "  --settle                   what is bound read-only gets the times and modes of our own checkouts first\n"
    "  --mount KIND[,OPTION=VALUE...],source=PATH DST\n"
    "                             KIND: bind, overlay (writes are thrown away), cache (writes stay), tmpfs, secret, ssh;\n"
    "                             OPTION: size=BYTES, access=MODE:USER:GROUP, tar (PATH is a layer to unpack)\n"
    "  --inside PATH              which place of the next --mount's source is shown\n"
    "  --scratch DIR              where what is written to overlays of --mount goes; in memory when left out\n"
    "  --setenv-from NAME FILE    a variable with the content of a file\n"
    "  --emulator NAME:MAGIC:MASK:PATH\n"
    "  --setenv NAME VALUE, --chdir PATH, --user USER[:GROUP], --nofile N, --network, --tty\n"
    "  --linux32                  the command sees the machine as its 32-bit sister: i686 on x86_64\n"
    "  --publish HOSTPORT:PORT    forwards 127.0.0.1:HOSTPORT of the host to PORT inside\n"
    "  --discard PATH, --capture FILE, --epoch SECONDS, --collect INSIDE OUTSIDE\n"
    "  --status FILE              how it ended: 'exited N', 'killed N', 'failed TEXT', 'refused TEXT' or 'emulator TEXT'\n"
    "  --refuse TEXT              runs nothing, and says why\n"
    "  --timeout SECONDS          after which it is ended\n"
    "  --caller PID               the process whose end ends it: the parent, which may be gone already\n"
    "  --on-host                  the command is a program of the host, run as it is and ended with all it started\n"
    "  --memory BYTES, --processes N, --disk BYTES\n"
    "                             what ends it when it holds, has or has written more\n"
    "  --keep-free BYTES          of the disk of its folders: what could give them back is ended when there is less\n"
    "  --serve [--network] [--group DIR]\n"
    "                             takes such lines as requests, see serve.c; in a control group of its own in DIR\n"
    "  --delegate PID [--memory BYTES]\n"
    "                             makes room for control groups for PID, and says where\n"
    "  --remove DIR               removes DIR, whoever of the mapped ids owns what is in it\n"
    "  --prepare DIR [--access MODE:USER:GROUP] [--from DIR]\n"
    "                             gives the empty folder DIR a mode, an owner and the content of another folder\n";

static _Noreturn void usage_error(const char *text, const char *detail) {
  errno = 0;
  fprintf(stderr, "%s", usage);
  fail("%s '%s'", text, detail);
}

static char *absolute(const char *path) {
  char *resolved = realpath(path, NULL);
  if (!resolved) fail("'%s'", path);
  return resolved;
}

/// For a file that is not there yet: its folder is made absolute.
static char *absolute_new(const char *path) {
  char *copy = format_text("%s", path);
  char *slash = strrchr(copy, '/');
  if (!slash) return format_text("%s/%s", absolute("."), path);
  *slash = 0;
  return format_text("%s/%s", absolute(slash == copy ? "/" : copy), slash + 1);
}

static uint64_t number(const char *text, uint64_t max) {
  char *end;
  errno = 0;
  unsigned long long value = strtoull(text, &end, 10);
  if (errno || end == text || *end || *text == '-' || value > max) usage_error("not a number:", text);
  return value;
}

#define APPEND(array, count) \
  (array = realloc(array, (count + 1) * sizeof *array), array ? &array[count++] : (fail("memory"), array))

static void add_emulator(struct options *options, const char *text) {
  char *copy = format_text("%s", text);
  struct emulator *emulator = APPEND(options->emulators, options->emulator_count);
  emulator->name = strsep(&copy, ":");
  emulator->magic = copy ? strsep(&copy, ":") : NULL;
  emulator->mask = copy ? strsep(&copy, ":") : NULL;
  if (!copy || !*copy) usage_error("not NAME:MAGIC:MASK:PATH:", text);
  emulator->path = absolute(copy);
}

static void add_publish(struct options *options, const char *text) {
  const char *colon = strchr(text, ':');
  if (!colon) usage_error("not HOSTPORT:PORT:", text);
  char *outer = format_text("%.*s", (int)(colon - text), text);
  struct publish *publish = APPEND(options->publishes, options->publish_count);
  // The listener holds the port number until open_ports makes it a socket.
  publish->listener = (int)number(outer, 65535);
  publish->port = (uint16_t)number(colon + 1, 65535);
}

/// `MODE:USER:GROUP`, the mode in octal.
static void set_access(struct mount *mount, const char *text) {
  unsigned mode, user, group;
  int used = 0;
  if (sscanf(text, "%o:%u:%u%n", &mode, &user, &group, &used) != 3 || (text[used] && text[used] != ',') || mode > 07777)
    usage_error("not MODE:USER:GROUP:", text);
  mount->mode = mode;
  mount->user = user;
  mount->group = group;
}

/// What is in a file, or came with a request as `received:NUMBER`.
static char *read_secret(const char *source, size_t *size) {
  if (strncmp(source, "received:", 9)) return read_content(AT_FDCWD, source, size);
  char *path = format_text("/proc/self/fd/%d", received_descriptor(source + 9));
  char *content = read_content(AT_FDCWD, path, size);
  free(path);
  return content;
}

static void add_mount(struct options *options, const char *spec, char *target, char *inside) {
  static const char *const kinds[] = {"bind", "overlay", "cache", "tmpfs", "secret", "ssh"};
  struct mount *mount = APPEND(options->mounts, options->mount_count);
  *mount = (struct mount){.target = target, .inside = inside, .mode = 0755};
  size_t length = strcspn(spec, ","), kind = 0;
  while (kind < 6 && (strlen(kinds[kind]) != length || strncmp(kinds[kind], spec, length))) kind++;
  if (kind == 6) usage_error("no such kind of mount:", spec);
  if (*target != '/') usage_error("not an absolute path:", target);
  mount->kind = kind;
  for (const char *next = spec + length; *next == ','; next += strcspn(next, ",")) {
    next++;
    if (!strncmp(next, "source=", 7)) {
      // The rest, whatever is in it. A secret is read now and here: its name may mean nothing inside.
      if (kind == MOUNT_SECRET) mount->content = read_secret(next + 7, &mount->content_size);
      else mount->source = absolute(next + 7);
      if (kind == MOUNT_SECRET && !mount->content) fail("the secret for '%s'", target);
      break;
    }
    if (!strncmp(next, "size=", 5)) {
      char *size = format_text("%.*s", (int)strcspn(next + 5, ","), next + 5);
      mount->size = number(size, UINT64_MAX);
      free(size);
    } else if (!strncmp(next, "access=", 7)) {
      set_access(mount, next + 7);
    } else if (!strncmp(next, "tar", 3)) {
      mount->tar = true;
    } else {
      usage_error("no such option of a mount:", next);
    }
  }
  if (kind != MOUNT_TMPFS && !mount->source && !mount->content) usage_error("a mount without source:", spec);
}

static void add_variable(struct options *options, const char *name, const char *file) {
  size_t size;
  char *content = read_secret(file, &size);
  if (!content) fail("the value of '%s'", name);
  if (strlen(content) != size)
    options->refuse =
        format_text("the value of '%s' holds a zero byte, so it cannot be a variable of the environment", name);
  char *pair = format_text("%s=%s", name, content);
  list_add(&options->environment, pair);
  free(pair);
  free(content);
}

enum { HOST_ROOT = 256, TARGET, LOWER, UNPACK, UPPER, WORK, BIND, BIND_RO, EMULATOR, SETENV, CHDIR, USER, NOFILE,
       NETWORK, TTY, SETTLE, LINUX32, PUBLISH, DISCARD, CAPTURE, EPOCH, COLLECT, STATUS, REMOVE,
       MOUNT, INSIDE, SCRATCH, SETENV_FROM, REFUSE, PREPARE, ACCESS, FROM, TIMEOUT, CALLER, ON_HOST,
       MEMORY, PROCESSES, DISK, KEEP_FREE, SERVE, GROUP, DELEGATE };

static const struct option table[] = {
    {"host-root", 1, 0, HOST_ROOT}, {"target", 1, 0, TARGET},   {"lower", 1, 0, LOWER},     {"unpack", 1, 0, UNPACK},
    {"upper", 1, 0, UPPER},         {"work", 1, 0, WORK},       {"bind", 1, 0, BIND},       {"bind-ro", 1, 0, BIND_RO},
    {"emulator", 1, 0, EMULATOR},   {"setenv", 1, 0, SETENV},   {"chdir", 1, 0, CHDIR},     {"user", 1, 0, USER},
    {"nofile", 1, 0, NOFILE},       {"network", 0, 0, NETWORK}, {"tty", 0, 0, TTY},         {"settle", 0, 0, SETTLE},   {"linux32", 0, 0, LINUX32},
    {"publish", 1, 0, PUBLISH},
    {"discard", 1, 0, DISCARD},     {"capture", 1, 0, CAPTURE}, {"epoch", 1, 0, EPOCH},     {"collect", 1, 0, COLLECT},
    {"status", 1, 0, STATUS},       {"remove", 1, 0, REMOVE},   {"mount", 1, 0, MOUNT},     {"inside", 1, 0, INSIDE},
    {"scratch", 1, 0, SCRATCH},     {"setenv-from", 1, 0, SETENV_FROM},                     {"refuse", 1, 0, REFUSE},
    {"prepare", 1, 0, PREPARE},     {"access", 1, 0, ACCESS},   {"from", 1, 0, FROM},       {"timeout", 1, 0, TIMEOUT},
    {"caller", 1, 0, CALLER},
    {"on-host", 0, 0, ON_HOST},     {"memory", 1, 0, MEMORY},   {"processes", 1, 0, PROCESSES},
    {"disk", 1, 0, DISK},           {"keep-free", 1, 0, KEEP_FREE}, {"serve", 0, 0, SERVE}, {"group", 1, 0, GROUP},
    {"delegate", 1, 0, DELEGATE},   {0, 0, 0, 0}};

void parse_options(struct options *options, int argc, char **argv) {
  options->directory = "/";
  options->epoch = 315532800;
  options->prepare_access.mode = 0755;
  char *inside = NULL;
  // Read from the beginning again: a helper that serves has read others before.
  optind = 0;
  for (int option; (option = getopt_long(argc, argv, "+", table, NULL)) != -1;) {
    // The second word of an option that takes two.
    char *second = NULL;
    if (option == BIND || option == BIND_RO || option == SETENV || option == COLLECT ||
        option == MOUNT || option == SETENV_FROM) {
      if (optind >= argc) usage_error("an option lacks its second argument:", optarg);
      second = argv[optind++];
    }
    switch (option) {
    case HOST_ROOT: options->host_root = absolute(optarg); break;
    case TARGET: options->target = optarg; break;
    case LOWER: *APPEND(options->lowers, options->lower_count) = (struct lower){absolute(optarg), false}; break;
    case UNPACK: *APPEND(options->lowers, options->lower_count) = (struct lower){absolute(optarg), true}; break;
    case UPPER: options->upper = absolute(optarg); break;
    case WORK: options->work = absolute(optarg); break;
    case BIND:
    case BIND_RO:
      *APPEND(options->binds, options->bind_count) = (struct bind){absolute(optarg), second, option == BIND};
      break;
    case EMULATOR: add_emulator(options, optarg); break;
    case SETENV: {
      char *pair = format_text("%s=%s", optarg, second);
      list_add(&options->environment, pair);
      free(pair);
      break;
    }
    case CHDIR: options->directory = optarg; break;
    case USER: options->user = optarg; break;
    case NOFILE: options->files_max = number(optarg, INT32_MAX); break;
    case NETWORK: options->network = true; break;
    case TTY: options->tty = true; break;
    case SETTLE: options->settle = true; break;
    case LINUX32: options->linux32 = true; break;
    case PUBLISH: add_publish(options, optarg); break;
    case DISCARD: list_add(&options->discards, optarg); break;
    case CAPTURE: options->capture = absolute_new(optarg); break;
    case EPOCH: options->epoch = (int64_t)number(optarg, INT64_MAX); break;
    case COLLECT:
      list_add(&options->collects, optarg);
      list_add(&options->collects, absolute_new(second));
      break;
    case STATUS: options->status = absolute_new(optarg); break;
    case REMOVE: options->remove = absolute(optarg); break;
    case MOUNT:
      add_mount(options, optarg, second, inside);
      inside = NULL;
      break;
    case INSIDE: inside = optarg; break;
    case SCRATCH: options->scratch = absolute(optarg); break;
    case TIMEOUT: options->timeout = number(optarg, INT32_MAX); break;
    case CALLER: options->caller = (pid_t)number(optarg, INT32_MAX); break;
    case ON_HOST: options->on_host = true; break;
    case MEMORY: options->memory_max = number(optarg, INT64_MAX); break;
    case PROCESSES: options->processes_max = number(optarg, 1 << 20); break;
    case DISK: options->disk_max = number(optarg, INT64_MAX); break;
    case KEEP_FREE: options->keep_free = number(optarg, INT64_MAX); break;
    case SERVE: options->serve = true; break;
    case GROUP: options->group = optarg; break;
    case DELEGATE: options->delegate = (pid_t)number(optarg, INT32_MAX); break;
    case SETENV_FROM: add_variable(options, optarg, second); break;
    case REFUSE: options->refuse = optarg; break;
    case PREPARE: options->prepare = absolute(optarg); break;
    case ACCESS: set_access(&options->prepare_access, optarg); break;
    case FROM: options->prepare_from = absolute(optarg); break;
    default: usage_error("unknown option", argv[optind - 1]);
    }
  }
  options->command = argv + optind;
  if (options->remove || options->prepare || options->serve || options->delegate) return;
  if (!*options->command) usage_error("no command", "");
  if (options->on_host) return;
  if (!options->host_root && options->target) usage_error("--target needs --host-root:", options->target);
  if (!options->host_root) options->target = "/";
  if (options->target && options->target[0] != '/') usage_error("not an absolute path:", options->target);
  if (!options->upper != !options->work) usage_error("--upper and --work go together", "");
  if (options->capture && !options->target) usage_error("nothing to capture without layers:", options->capture);
}
