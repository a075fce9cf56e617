#include "CLinux.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

long send_with_descriptors(int socket, const void *bytes, size_t size, const int *descriptors, size_t count) {
  struct iovec part = {(void *)bytes, size};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  char *control = NULL;
  if (count > 0) {
    size_t length = CMSG_SPACE(count * sizeof *descriptors);
    control = calloc(1, length);
    if (!control) return -1;
    message.msg_control = control;
    message.msg_controllen = length;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(count * sizeof *descriptors);
    memcpy(CMSG_DATA(header), descriptors, count * sizeof *descriptors);
  }
  long sent = sendmsg(socket, &message, MSG_NOSIGNAL);
  int error = errno;
  free(control);
  errno = error;
  return sent;
}
