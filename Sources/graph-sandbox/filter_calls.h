// Included once for each set of call numbers, after the header that defines them as __NR_…, with CALLS as the name of the
// table. Here are only calls that the capabilities of root inside do not refuse already: mounting, setting the clock or
// loading modules fails without a filter.
#include "filter.h"

static const int refused[] = {
    // Keys: those of who started graph, where a session's keyring could not be left behind.
    __NR_add_key, __NR_request_key, __NR_keyctl,
    // The kernel's log, programs in the kernel, counters of the whole machine, faults handled outside the kernel.
    __NR_syslog, __NR_bpf, __NR_perf_event_open, __NR_userfaultfd,
    // Files by handle, past every folder on the way.
    __NR_open_by_handle_at,
#ifdef __NR_vm86
    // Segments of 16 bits.
    __NR_vm86, __NR_vm86old,
#endif
};

static const int absent[] = {
    // Its flags are in memory. C libraries go on to clone.
    __NR_clone3,
    // Calls in a ring pass no filter.
    __NR_io_uring_setup, __NR_io_uring_enter, __NR_io_uring_register};

const struct calls CALLS = {
    .refused = refused,
    .refused_count = sizeof refused / sizeof *refused,
    .absent = absent,
    .absent_count = sizeof absent / sizeof *absent,
    .clone = __NR_clone,
    .unshare = __NR_unshare,
    .socket = __NR_socket,
#ifdef __NR_socketcall
    .socketcall = __NR_socketcall,
#else
    .socketcall = -1,
#endif
    .ioctl = __NR_ioctl};
