// What a command uses of the machine, measured by process 1 now and then: what the kernel is not asked to bound here
// (memory without a cgroup) or cannot bound (the disk).
#include "sandbox.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <time.h>

enum {
  INTERVAL_MS = 200,
  /// A measurement of the disk looks at every file: it may take one part in so many of the time.
  SHARE_OF_TIME = 50,
  FOLDERS_MAX = 3
};

/// The folders of the disk that the command writes to.
static int folders[FOLDERS_MAX];
static size_t folder_count;
static int64_t next_walk;
static uint64_t peak;
static bool reached_processes;

static int64_t milliseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void open_watched(const struct options *options) {
  const char *const paths[FOLDERS_MAX] = {options->host_root, options->upper, options->scratch};
  for (size_t i = 0; i < FOLDERS_MAX; i++)
    if (paths[i] && (folders[folder_count] = open(paths[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC)) >= 0) folder_count++;
}

/// A text file of a process; empty where it has just ended.
static void read_process(const char *process, const char *name, char *text, size_t size) {
  char path[300];
  snprintf(path, sizeof path, "/proc/%s/%s", process, name);
  int file = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t length = file < 0 ? 0 : read(file, text, size - 1);
  text[length > 0 ? length : 0] = 0;
  if (file >= 0) close(file);
}

struct usage {
  uint64_t memory;
  uint64_t processes;
};

/// What the processes inside hold that is no file's, and what is in memory as files.
///
/// - exact: whether pages that processes share after a fork are counted once; that takes longer.
static struct usage measure_processes(const struct options *options, bool exact) {
  struct usage usage = {.memory = memory_of_files(options)};
  DIR *processes = opendir("/proc");
  if (!processes) return usage;
  for (struct dirent *entry; (entry = readdir(processes));) {
    if (*entry->d_name < '1' || *entry->d_name > '9' || !strcmp(entry->d_name, "1")) continue;
    usage.processes++;
    char text[2048];
    unsigned long long resident = 0, shared = 0;
    if (exact) {
      read_process(entry->d_name, "smaps_rollup", text, sizeof text);
      const char *anonymous = strstr(text, "Pss_Anon:");
      if (anonymous && sscanf(anonymous + 9, "%llu", &resident) == 1) usage.memory += resident * 1024;
    } else {
      read_process(entry->d_name, "statm", text, sizeof text);
      if (sscanf(text, "%*u %llu %llu", &resident, &shared) == 2 && resident > shared)
        usage.memory += (resident - shared) * (uint64_t)sysconf(_SC_PAGESIZE);
    }
  }
  closedir(processes);
  return usage;
}

static uint64_t blocks_of(const struct stat *status) {
  return (uint64_t)status->st_blocks * 512 / (status->st_nlink ? status->st_nlink : 1);
}

static uint64_t measure_folder(int folder, const char *name) {
  int descriptor = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  DIR *names = descriptor < 0 ? NULL : fdopendir(descriptor);
  // It may have just gone, or be deeper than there are descriptors.
  if (!names) return 0;
  uint64_t bytes = 0;
  for (struct dirent *entry; (entry = readdir(names));) {
    struct stat status;
    if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
    if (fstatat(dirfd(names), entry->d_name, &status, AT_SYMLINK_NOFOLLOW)) continue;
    bytes += blocks_of(&status);
    if (S_ISDIR(status.st_mode)) bytes += measure_folder(dirfd(names), entry->d_name);
  }
  closedir(names);
  return bytes;
}

/// Files that are open and have no name any more, on the disk of the folders.
static uint64_t measure_nameless(void) {
  struct stat disk;
  uint64_t bytes = 0;
  ino_t seen[256];
  size_t seen_count = 0;
  DIR *processes = folder_count && fstat(folders[0], &disk) == 0 ? opendir("/proc") : NULL;
  for (struct dirent *entry; processes && (entry = readdir(processes));) {
    if (*entry->d_name < '1' || *entry->d_name > '9' || !strcmp(entry->d_name, "1")) continue;
    char *path = format_text("/proc/%s/fd", entry->d_name);
    DIR *files = opendir(path);
    free(path);
    for (struct dirent *file; files && (file = readdir(files));) {
      struct stat status;
      if (*file->d_name == '.' || fstatat(dirfd(files), file->d_name, &status, 0)) continue;
      if (!S_ISREG(status.st_mode) || status.st_nlink > 0 || status.st_dev != disk.st_dev) continue;
      bool known = false;
      for (size_t i = 0; i < seen_count; i++) known |= seen[i] == status.st_ino;
      if (known || seen_count == sizeof seen / sizeof *seen) continue;
      seen[seen_count++] = status.st_ino;
      bytes += (uint64_t)status.st_blocks * 512;
    }
    if (files) closedir(files);
  }
  if (processes) closedir(processes);
  return bytes;
}

static uint64_t measure_disk(void) {
  uint64_t bytes = measure_nameless();
  for (size_t i = 0; i < folder_count; i++) bytes += measure_folder(folders[i], ".");
  return bytes;
}

static bool watch_processes(const struct options *options) {
  if (options->cgroup || !sees_own_processes()) return true;
  struct usage usage = measure_processes(options, false);
  if (options->memory_max && usage.memory > options->memory_max) usage = measure_processes(options, true);
  if (usage.memory > peak) peak = usage.memory;
  if (options->processes_max && usage.processes + usage.processes / 20 >= options->processes_max) reached_processes = true;
  if (options->memory_max && usage.memory > options->memory_max)
    report_status("limit memory %llu\n", (unsigned long long)options->memory_max);
  else if (options->processes_max && usage.processes > options->processes_max)
    report_status("limit processes %llu\n", (unsigned long long)options->processes_max);
  else return true;
  return false;
}

static bool watch_disk(const struct options *options) {
  struct statvfs disk;
  if (folder_count == 0 || fstatvfs(folders[0], &disk)) return true;
  uint64_t left = (uint64_t)disk.f_bavail * disk.f_frsize;
  bool is_low = left < options->keep_free;
  int64_t begin = milliseconds();
  if ((!options->disk_max && !is_low) || begin < next_walk) return true;
  uint64_t used = measure_disk();
  next_walk = milliseconds() + (milliseconds() - begin) * SHARE_OF_TIME;
  if (options->disk_max && used > options->disk_max) {
    report_status("limit disk %llu\n", (unsigned long long)options->disk_max);
    return false;
  }
  // Only who can give back what is missing: a disk that others have filled is not this command's fault.
  if (!is_low || used < options->keep_free - left) return true;
  report_status("limit reserve %llu %llu\n", (unsigned long long)used, (unsigned long long)options->keep_free);
  return false;
}

int watch_interval(void) { return INTERVAL_MS; }

bool watch(const struct options *options) { return watch_processes(options) && watch_disk(options); }

void report_usage(const struct options *options) {
  // What was too short to be measured is at least as large as its largest process.
  struct rusage usage;
  if (getrusage(RUSAGE_CHILDREN, &usage) == 0 && (uint64_t)usage.ru_maxrss * 1024 > peak)
    peak = (uint64_t)usage.ru_maxrss * 1024;
  if (options->cgroup) return;
  report_status("memory %llu\n", (unsigned long long)peak);
  if (reached_processes) report_status("reached processes %llu\n", (unsigned long long)options->processes_max);
}
