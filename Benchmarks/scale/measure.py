"""Runs a command and says what it cost, by the kernel's own accounting."""

import os
import statistics
import subprocess
import time


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


def run(command, folder, cost, output=None):
    """Runs a command once and adds what it cost; returns what it printed.

    The processor's time and the memory are of the whole tree of processes that were waited for; memory is that of the
    largest of them.
    """
    log = output or os.path.join(folder, ".benchmark-output")
    with open(log, "wb") as file:
        begin = time.perf_counter()
        process = subprocess.Popen(command, cwd=folder, stdout=file, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    with open(log, errors="replace") as file:
        text = file.read()
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed with {process.returncode}:\n{text[-2000:]}")
    cost.add(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss)
    return text
