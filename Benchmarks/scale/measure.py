"""Runs a command and says what it cost, by the kernel's own accounting."""

import os
import statistics
import subprocess
import sys


class Cost:
    """Of several runs of the same thing: seconds of wall and processor, and the peak of resident memory."""

    def __init__(self):
        self.walls, self.processors, self.peaks = [], [], []

    def add(self, wall, processor, peak):
        self.walls.append(wall)
        self.processors.append(processor)
        self.peaks.append(peak)

    @property
    def wall(self):
        return statistics.median(self.walls)

    @property
    def processor(self):
        return statistics.median(self.processors)

    @property
    def peak_mib(self):
        return max(self.peaks) / 1024

    def __str__(self):
        return f"{self.wall:.3f} s wall, {self.processor:.3f} s cpu, {self.peak_mib:.0f} MiB"


# Started by a process that is small itself: the kernel counts what the one before `exec` had as a peak of the one after it.
LAUNCHER = """
import os, sys, time
log = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
begin = time.perf_counter()
process = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ,
    file_actions=[(os.POSIX_SPAWN_DUP2, log, 1), (os.POSIX_SPAWN_DUP2, log, 2)])
_, status, usage = os.wait4(process, 0)
print(time.perf_counter() - begin, os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime, usage.ru_maxrss)
"""


def run(command, folder, cost, output=None):
    """Runs a command once and adds what it cost; returns what it printed.

    The processor's time and the memory are of the whole tree of processes that were waited for; memory is that of the
    largest of them, and not told below the 10 MiB of who starts it.
    """
    log = output or os.path.join(folder, ".benchmark-output")
    launched = subprocess.run(
        [sys.executable, "-I", "-S", "-c", LAUNCHER, log, *command], cwd=folder, check=True, capture_output=True, text=True)
    wall, code, processor, peak = (float(word) for word in launched.stdout.split())
    with open(log, errors="replace") as file:
        text = file.read()
    if code:
        raise SystemExit(f"{' '.join(command)} failed with {code:.0f}:\n{text[-2000:]}")
    cost.add(wall, processor, peak)
    return text
