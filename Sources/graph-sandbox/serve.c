// One helper for many actions, one after the other: starting a program for each would cost more than most actions.
//
// Standard input is a socket, standard output and error are the log. A request is what the command line would be: how
// many words and how many bytes (32 bits each, as this machine has them), then the words, each ended by a zero. The answer
// is the lines of the status file, then `end`, or `last` where another helper has to take the next request. Descriptors may
// come beside a request, for what no file holds. The end of the socket ends what runs.
#include "sandbox.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

enum {
  /// What requests leave in memory is given back with the process: a new one is quickly started.
  REQUESTS_MAX = 1000,
  /// Of one request; a command line of the kernel has less.
  BYTES_MAX = 64 << 20,
  DESCRIPTORS_MAX = 64
};

static int received[DESCRIPTORS_MAX];
static size_t received_count;

int received_descriptor(const char *text) {
  char *end;
  unsigned long number = strtoul(text, &end, 10);
  return *text && !*end && number < received_count ? received[number] : -1;
}

static void take_descriptors(struct msghdr *message) {
  for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part; part = CMSG_NXTHDR(message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    for (size_t i = 0; i < (part->cmsg_len - CMSG_LEN(0)) / sizeof(int) && received_count < DESCRIPTORS_MAX; i++)
      memcpy(&received[received_count++], CMSG_DATA(part) + i * sizeof(int), sizeof(int));
  }
}

/// False at the end of the socket.
static bool receive(int socket, void *bytes, size_t count) {
  char *next = bytes;
  while (count > 0) {
    union {
      char bytes[CMSG_SPACE(DESCRIPTORS_MAX * sizeof(int))];
      struct cmsghdr aligned;
    } control;
    struct iovec part = {next, count};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    take_descriptors(&message);
    next += got;
    count -= (size_t)got;
  }
  return true;
}

/// The words of a request, after the program's name and ended by NULL; NULL at the end of the socket. They live as long as
/// the process.
static char **receive_words(int socket, int *count) {
  uint32_t sizes[2];
  if (!receive(socket, sizes, sizeof sizes)) return NULL;
  errno = 0;
  if (sizes[0] > BYTES_MAX / 5 || sizes[1] > BYTES_MAX) fail("a request of %u words and %u bytes", sizes[0], sizes[1]);
  char *bytes = allocate(sizes[1] + 1), *next = bytes;
  if (!receive(socket, bytes, sizes[1])) return NULL;
  char **words = allocate((sizes[0] + 2) * sizeof *words);
  words[0] = "graph-sandbox";
  for (uint32_t i = 0; i < sizes[0]; i++) {
    if (next >= bytes + sizes[1]) fail("a request that ends early");
    words[i + 1] = next;
    next += strlen(next) + 1;
  }
  *count = (int)sizes[0] + 1;
  return words;
}

_Noreturn void serve(const struct options *settings) {
  // What a careless parent has left open is nobody's here.
  syscall(SYS_close_range, 3, ~0u, 0);
  // Away from where a command would have its standard input.
  int socket = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3), nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (socket < 0 || nothing < 0 || dup2(nothing, STDIN_FILENO) < 0) fail("standard input");
  close(nothing);
  join_new_session_keyring();
  offer_to_oom();
  enter_own_namespaces(settings->network);
  if (settings->group) open_group(settings->group);
  for (int requests = 0; requests < REQUESTS_MAX; requests++) {
    int count;
    received_count = 0;
    char **words = receive_words(socket, &count);
    if (!words) _exit(0);
    status_descriptor = fcntl(socket, F_DUPFD_CLOEXEC, 3);
    struct options options;
    memset(&options, 0, sizeof options);
    parse_options(&options, count, words);
    prepare_etc(&options);
    bool is_wanted = true;
    if (options.delegate) delegate(options.delegate, options.memory_max);
    else run(&options, socket, &is_wanted);
    if (!is_wanted) _exit(EXIT_SETUP);
    empty_work_folders(&options);
    for (size_t i = 0; i < received_count; i++) close(received[i]);
    if (status_descriptor >= 0) close(status_descriptor);
    const char *end = requests + 1 < REQUESTS_MAX ? "end\n" : "last\n";
    write_all(socket, end, strlen(end), "the socket");
  }
  _exit(0);
}
