// Attempts on the network: every kind of socket that leads anywhere.
#include "intruder.h"

#include <arpa/inet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/vm_sockets.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>

static void reach(int family, const void *address, socklen_t size, int type, const char *what) {
  int descriptor = socket(family, type | SOCK_NONBLOCK, 0);
  if (descriptor < 0) return;
  bool sent = connect(descriptor, address, size) == 0 || errno == EINPROGRESS;
  // A datagram that goes nowhere is refused when it is sent.
  if (type == SOCK_DGRAM) sent = sent && send(descriptor, "x", 1, 0) == 1;
  if (type == SOCK_STREAM && sent) {
    char byte;
    usleep(200000);
    errno = 0;
    sent = recv(descriptor, &byte, 1, MSG_PEEK) > 0 || (errno == EAGAIN && send(descriptor, "x", 1, MSG_NOSIGNAL) == 1);
  }
  if (sent) possible("%s", what);
  close(descriptor);
}

static void internet(void) {
  static const char *const addresses[] = {"127.0.0.1", "192.0.2.1", "169.254.169.254", "8.8.8.8", "224.0.0.1", "255.255.255.255"};
  for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(host("PORT")))};
    inet_pton(AF_INET, addresses[i], &address.sin_addr);
    reach(AF_INET, &address, sizeof address, SOCK_STREAM, addresses[i]);
    // Its own loopback takes datagrams, and nobody hears them.
    if (i > 0) reach(AF_INET, &address, sizeof address, SOCK_DGRAM, addresses[i]);
  }
  struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)atoi(host("PORT")))};
  inet_pton(AF_INET6, "2001:db8::1", &address.sin6_addr);
  reach(AF_INET6, &address, sizeof address, SOCK_STREAM, "IPv6");
  reach(AF_INET6, &address, sizeof address, SOCK_DGRAM, "IPv6");
}

static void unix_sockets(void) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "%s", host("SOCKET"));
  socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(host("SOCKET")));
  int descriptor = socket(AF_UNIX, SOCK_STREAM, 0);
  if (connect(descriptor, (struct sockaddr *)&address, size) == 0) possible("an abstract socket of the host");
  static const char *const paths[] = {"/run/dbus/system_bus_socket", "/var/run/docker.sock", "/run/podman/podman.sock",
                                      "/run/systemd/private", "/run/containerd/containerd.sock", "/dev/log"};
  for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
    memset(&address, 0, sizeof address);
    address.sun_family = AF_UNIX;
    snprintf(address.sun_path, sizeof address.sun_path, "%s", paths[i]);
    descriptor = socket(AF_UNIX, SOCK_STREAM, 0);
    if (connect(descriptor, (struct sockaddr *)&address, sizeof address) == 0) possible("%s", paths[i]);
  }
}

static void interfaces(void) {
  struct if_nameindex *all = if_nameindex();
  for (struct if_nameindex *one = all; one && one->if_name; one++)
    if (strcmp(one->if_name, "lo")) possible("the interface %s", one->if_name);
  struct {
    struct nlmsghdr header;
    struct ifinfomsg info;
  } request = {{sizeof request, RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK, 1, 0}, {AF_UNSPEC, 0, 1, 0, IFF_UP | IFF_PROMISC, IFF_PROMISC}};
  int descriptor = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
  struct {
    struct nlmsghdr header;
    struct nlmsgerr error;
    char rest[512];
  } answer;
  if (descriptor >= 0 && send(descriptor, &request, sizeof request, 0) > 0 && recv(descriptor, &answer, sizeof answer, 0) > 0 &&
      answer.header.nlmsg_type == NLMSG_ERROR && answer.error.error == 0)
    // A namespace of its own user may; one that all actions of a helper share may not be changed by one of them.
    possible("changing an interface");
  static const int protocols[] = {NETLINK_KOBJECT_UEVENT, NETLINK_AUDIT};
  for (size_t i = 0; i < 2; i++) {
    descriptor = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK, protocols[i]);
    struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = 1};
    char byte;
    if (descriptor >= 0 && bind(descriptor, (struct sockaddr *)&address, sizeof address) == 0 && recv(descriptor, &byte, 1, 0) > 0)
      possible("what the kernel tells about devices");
  }
}

#if defined(__x86_64__)
/// A call by the numbers of 32-bit programs.
static long call32(long number, long a, long b, long c) {
  long result;
  __asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(a), "c"(b), "d"(c) : "memory", "r8", "r9", "r10", "r11");
  return result;
}
#endif

static void other_families(void) {
  static const struct {
    int family, type;
    const char *name;
  } families[] = {{AF_VSOCK, SOCK_STREAM, "vsock"}, {AF_PACKET, SOCK_RAW, "packets"}, {38 /* AF_ALG */, SOCK_SEQPACKET, "alg"},
                  {AF_BLUETOOTH, SOCK_RAW, "bluetooth"}, {AF_KEY, SOCK_RAW, "key"}, {AF_CAN, SOCK_RAW, "can"},
                  {AF_TIPC, SOCK_STREAM, "tipc"}, {44 /* AF_XDP */, SOCK_RAW, "xdp"}, {AF_RDS, SOCK_SEQPACKET, "rds"}};
  for (size_t i = 0; i < sizeof families / sizeof *families; i++)
    if (socket(families[i].family, families[i].type, 0) >= 0) possible("%s", families[i].name);
  struct sockaddr_vm address = {.svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_HOST, .svm_port = 1};
  int descriptor = socket(AF_VSOCK, SOCK_STREAM, 0);
  if (descriptor >= 0 && connect(descriptor, (struct sockaddr *)&address, sizeof address) == 0) possible("the machine below");
#if defined(__x86_64__)
  // 359 is socket, 102 is socketcall, whose arguments are in memory.
  if (call32(359, AF_VSOCK, SOCK_STREAM, 0) >= 0) possible("vsock, as a 32-bit program");
  unsigned *arguments = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
  if (arguments != MAP_FAILED) {
    arguments[0] = AF_VSOCK;
    arguments[1] = SOCK_STREAM;
    arguments[2] = 0;
    if (call32(102, 1, (long)arguments, 0) >= 0) possible("vsock, by socketcall");
  }
#endif
}

const struct attempt network_attempts[] = {{"the internet", internet},
                                           {"unix sockets", unix_sockets},
                                           {"interfaces", interfaces},
                                           {"other families", other_families},
                                           {NULL, NULL}};
