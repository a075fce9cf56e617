// Which system calls an action gets: all but those that no build needs and that lead to the host, to other actions or to
// rarely used parts of the kernel. Programs under an emulator are held to it too, since an emulator makes their calls.
//
// Another set of call numbers than the tables know (32-bit programs on other machines than x86_64) is answered as by a
// kernel that does not have it.
#include "sandbox.h"
#include "filter.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#if defined(__aarch64__)
#define NATIVE AUDIT_ARCH_AARCH64
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
#define NATIVE AUDIT_ARCH_PPC64LE
#elif defined(__s390x__)
#define NATIVE AUDIT_ARCH_S390X
#elif defined(__riscv) && __riscv_xlen == 64
#define NATIVE AUDIT_ARCH_RISCV64
#elif !defined(__x86_64__)
#error "the sandbox's filter does not know this machine: add its AUDIT_ARCH"
#endif

#if defined(__s390x__)
enum { CLONE_FLAGS = 1 };
#else
enum { CLONE_FLAGS = 0 };
#endif

static const unsigned namespaces = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC |
                                   CLONE_NEWUTS | CLONE_NEWCGROUP | 0x80 /* CLONE_NEWTIME */;
/// Of the others, AF_VSOCK reaches the machine that this one runs on, whatever the network namespace.
static const unsigned families[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};

/// What a call leads to, by its place in `ends`.
enum { ALLOW, REFUSE, ABSENT, NO_FAMILY, CLONE, UNSHARE, IOCTL, SOCKET, END_COUNT };

static struct sock_filter program[255];
static unsigned char length;
/// For each instruction that jumps: which ends it jumps to, or -1 where it was told already.
static signed char jumps[sizeof program / sizeof *program][2];

static void add(unsigned short code, unsigned value, int yes, int no) {
  // Jumps reach no further than 255 instructions.
  if (length + 1u == sizeof program / sizeof *program) fail("the filter is too long");
  jumps[length][0] = jumps[length][1] = -1;
  program[length++] = (struct sock_filter){code, (unsigned char)yes, (unsigned char)no, value};
}

/// A comparison that leads to one of the ends where it holds, and where `no` is not -1 to another one where not.
static void branch(unsigned short comparison, unsigned value, int yes, int no) {
  add(BPF_JMP | comparison | BPF_K, value, 0, 0);
  jumps[length - 1][0] = (signed char)yes;
  jumps[length - 1][1] = (signed char)no;
}

static void load(size_t offset) { add(BPF_LD | BPF_W | BPF_ABS, (unsigned)offset, 0, 0); }

/// The lower half of an argument, which is all that the kernel looks at in those that are looked at here.
static void load_argument(size_t number) {
  size_t low = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 4 : 0;
  load(offsetof(struct seccomp_data, args) + number * 8 + low);
}

/// A call that is not simply allowed.
struct entry {
  unsigned call;
  int end;
};

static int by_call(const void *left, const void *right) {
  unsigned a = ((const struct entry *)left)->call, b = ((const struct entry *)right)->call;
  return a < b ? -1 : a > b;
}

/// A search by halves, and no longer than needed: when a process takes the filter, the kernel walks through it once for
/// each call that there is, and compiles it.
static void add_search(const struct entry *entries, size_t count) {
  if (count == 1) {
    branch(BPF_JEQ, entries->call, entries->end, ALLOW);
    return;
  }
  size_t half = count / 2;
  unsigned char at = length;
  add(BPF_JMP | BPF_JGE | BPF_K, entries[half].call, 0, 0);
  add_search(entries, half);
  program[at].jt = length - at - 1;
  add_search(entries + half, count - half);
}

static void add_calls(const struct calls *calls, bool has_socketcall) {
  struct entry entries[64];
  size_t count = 0;
  for (size_t i = 0; i < calls->refused_count; i++) entries[count++] = (struct entry){(unsigned)calls->refused[i], REFUSE};
  for (size_t i = 0; i < calls->absent_count; i++) entries[count++] = (struct entry){(unsigned)calls->absent[i], ABSENT};
  if (calls->socketcall >= 0 && !has_socketcall) entries[count++] = (struct entry){(unsigned)calls->socketcall, ABSENT};
  entries[count++] = (struct entry){(unsigned)calls->clone, CLONE};
  entries[count++] = (struct entry){(unsigned)calls->unshare, UNSHARE};
  entries[count++] = (struct entry){(unsigned)calls->ioctl, IOCTL};
  entries[count++] = (struct entry){(unsigned)calls->socket, SOCKET};
  qsort(entries, count, sizeof *entries, by_call);
  load(offsetof(struct seccomp_data, nr));
  add_search(entries, count);
}

/// The ends that look at arguments, and then the answers.
static void add_ends(void) {
  unsigned char ends[END_COUNT];
  ends[CLONE] = length;
  load_argument(CLONE_FLAGS);
  branch(BPF_JSET, namespaces, REFUSE, ALLOW);
  ends[UNSHARE] = length;
  load_argument(0);
  branch(BPF_JSET, namespaces, REFUSE, ALLOW);
  ends[IOCTL] = length;
  load_argument(1);
  // What is written to a terminal as if it had been typed there.
  branch(BPF_JEQ, TIOCSTI, REFUSE, -1);
  branch(BPF_JEQ, TIOCLINUX, REFUSE, ALLOW);
  ends[SOCKET] = length;
  load_argument(0);
  size_t last = sizeof families / sizeof *families - 1;
  for (size_t i = 0; i <= last; i++) branch(BPF_JEQ, families[i], ALLOW, i == last ? NO_FAMILY : -1);
  static const unsigned answers[] = {
      [ALLOW] = SECCOMP_RET_ALLOW, [REFUSE] = SECCOMP_RET_ERRNO | EPERM, [ABSENT] = SECCOMP_RET_ERRNO | ENOSYS,
      [NO_FAMILY] = SECCOMP_RET_ERRNO | EAFNOSUPPORT};
  for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
    ends[i] = length;
    add(BPF_RET | BPF_K, answers[i], 0, 0);
  }
  for (unsigned char i = 0; i < length; i++) {
    if (jumps[i][0] >= 0) program[i].jt = ends[(int)jumps[i][0]] - i - 1;
    if (jumps[i][1] >= 0) program[i].jf = ends[(int)jumps[i][1]] - i - 1;
  }
}

void filter_calls(const struct options *options) {
  length = 0;
  load(offsetof(struct seccomp_data, arch));
  unsigned char machine = length;
#if defined(__x86_64__)
  add(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 0, 0);
  branch(BPF_JEQ, AUDIT_ARCH_I386, -1, ABSENT);
  // One call for all of a socket's life, with its arguments in memory: only where programs of that kind are at home.
  add_calls(&i386_calls, options->linux32);
  program[machine].jt = length - machine - 1;
  // The third set of numbers of this machine, which nothing uses.
  load(offsetof(struct seccomp_data, nr));
  branch(BPF_JGE, 0x40000000 /* __X32_SYSCALL_BIT */, ABSENT, -1);
#else
  (void)options, (void)machine;
  branch(BPF_JEQ, NATIVE, -1, ABSENT);
#endif
  add_calls(&native_calls, true);
  add_ends();
  struct sock_fprog code = {length, program};
  // Without the flag, older kernels slow down every filtered program.
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &code)) fail("the filter of system calls");
}
