// Published ports: a listener of the host, served by a child in the sandbox's network. And what such servers share.
#include "sandbox.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>

static struct sockaddr_in loopback(uint16_t port) {
  return (struct sockaddr_in){
      .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

void open_ports(struct options *options) {
  for (size_t i = 0; i < options->publish_count; i++) {
    uint16_t port = (uint16_t)options->publishes[i].listener;
    struct sockaddr_in address = loopback(port);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;
    if (listener < 0) fail("socket");
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 64))
      fail("port %u of 127.0.0.1", port);
    options->publishes[i].listener = listener;
  }
}

/// Copies what `from` has into `to`; false when `from` has ended or either failed.
static bool pass_on(int from, int to) {
  char buffer[65536];
  ssize_t count = read(from, buffer, sizeof buffer);
  for (ssize_t done = 0, step; done < count; done += step)
    if ((step = send(to, buffer + done, (size_t)(count - done), MSG_NOSIGNAL)) <= 0) return false;
  return count > 0;
}

static _Noreturn void forward(int outer, uint16_t port) {
  struct sockaddr_in address = loopback(port);
  int inner = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (inner < 0 || connect(inner, (struct sockaddr *)&address, sizeof address)) _exit(1);
  relay(outer, inner);
}

void relay(int outer, int inner) {
  struct pollfd ends[2] = {{outer, POLLIN, 0}, {inner, POLLIN, 0}};
  while (ends[0].fd >= 0 || ends[1].fd >= 0) {
    if (poll(ends, 2, -1) < 0 && errno != EINTR) break;
    for (int i = 0; i < 2; i++) {
      if (ends[i].fd < 0 || !ends[i].revents) continue;
      int other = i == 0 ? inner : outer;
      if (pass_on(ends[i].fd, other)) continue;
      shutdown(other, SHUT_WR);
      ends[i].fd = -1;
    }
  }
  _exit(0);
}

void forward_ports(const struct options *options) {
  if (options->publish_count == 0) return;
  pid_t child = fork();
  if (child < 0) fail("fork");
  if (child > 0) {
    for (size_t i = 0; i < options->publish_count; i++) close(options->publishes[i].listener);
    return;
  }
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  signal(SIGCHLD, SIG_IGN);
  struct pollfd *listeners = allocate(options->publish_count * sizeof *listeners);
  for (size_t i = 0; i < options->publish_count; i++)
    listeners[i] = (struct pollfd){options->publishes[i].listener, POLLIN, 0};
  for (;;) {
    if (poll(listeners, options->publish_count, -1) < 0 && errno != EINTR) _exit(1);
    for (size_t i = 0; i < options->publish_count; i++) {
      if (!(listeners[i].revents & POLLIN)) continue;
      int outer = accept4(listeners[i].fd, NULL, NULL, SOCK_CLOEXEC);
      if (outer < 0) continue;
      if (fork() == 0) forward(outer, options->publishes[i].port);
      close(outer);
    }
  }
}
