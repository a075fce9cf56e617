// An action that tries to get out of its sandbox. EscapeTests.swift runs it, as different users and in different roots.
#pragma once
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

/// One attempt. It says what was possible; saying nothing means that everything was denied.
struct attempt {
  const char *name;
  void (*run)(void);
};

/// The attempts of each file, ended by a NULL name.
extern const struct attempt file_attempts[], process_attempts[], network_attempts[], kernel_attempts[];

/// Says that something worked that should not have.
void possible(const char *format, ...) __attribute__((format(printf, 1, 2)));

/// What the test knows of the host: the path of a file that only it has, a port and an abstract socket that it listens on,
/// its process, and a text that is in its environment and in no other place, cut in two.
const char *host(const char *name);
/// Whether a file can be opened, whose content is that of the host's file.
bool shows_host_file(const char *path);
/// The text in the host's environment.
char *marker(void);
