// A library for LD_PRELOAD that stands between `graph` and the kernel: it writes down everything that the program does
// to the files below one folder, and does to the program what a crash, a full disk or a broken one does. Test support.
//
// Variables, read once and then removed, so that programs which `graph` starts have none of it:
//
//   FAULTS_BELOW  the folder, absolute: only what is in it counts; without it nothing is done
//   FAULTS_LOG    the file to which every operation is appended, in the form of `struct record`
//   FAULTS_AT     the number of an operation, from 1 on, at which something happens
//   FAULTS_DO     what: kill (SIGKILL before it), killed (after it), tear (SIGKILL after the half of a write), stop
//                 (SIGSTOP before it), full (from here on nothing more finds room), broken (from here on nothing can be
//                 written or synced)
//   FAULTS_BOOT   the file that is read in place of /proc/sys/kernel/random/boot_id
//
// Operations are those that change a file or a name, and those that sync. Each is done under one lock, so that their
// order in the log is the order in which they were done.
#pragma once

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// What a record is about, and which of its fields count.
enum kind {
  made = 'c',       // a file: first, and inode
  written = 'w',    // inode, offset, data
  truncated = 't',  // inode, offset: the new size
  renamed = 'r',    // first to second
  linked = 'l',     // the file of inode is called second, too
  symlinked = 's',  // second leads to first
  unlinked = 'u',   // first
  folder = 'd',     // first is made
  emptied = 'e',    // first, a folder, is removed
  synced = 'f',     // a file (inode) or the names in a folder (first)
  all_synced = 'F', // everything that came before
  said = 'p',       // data went to standard output or standard error
  unknown = 'x',    // first: something that this library cannot record
};

/// The beginning of each record, as this machine has numbers in memory; the two paths and the data follow.
struct record {
  uint8_t kind;
  uint8_t padding[3];
  uint32_t first, second, size;
  uint64_t inode, offset;
};

/// What a call asks for that a full or broken disk refuses.
enum needs { nothing, room, disk };

/// An operation from before it is done until it is recorded. `begin` takes the lock and `finish` gives it back.
struct operation {
  /// 0, or what the call fails with in place of being done.
  int error;
  /// Whether only the half of a write is to be done.
  bool is_torn;
  /// Whether the process is to end after it.
  bool ends;
};

bool is_watching(void);
bool is_below(const char *path);
struct operation begin(enum needs needs);
void finish(struct operation operation);
void record(enum kind kind, const char *first, const char *second, uint64_t inode, uint64_t offset, const void *data,
            size_t size);

/// The absolute form of a path, without doubled slashes; memory of the caller's.
char *absolute(int folder, const char *path);

/// Files below the folder that are open here.
void note_open(int descriptor, const char *path);
void note_closed(int descriptor);
/// `false` for what is not ours.
bool is_noted(int descriptor);
/// Only for what is noted, and while the lock is held.
const char *noted_path(int descriptor);

/// What is read in place of the name of this boot, or the same path again.
const char *boot_file(const char *path);
