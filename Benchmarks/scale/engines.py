"""How each engine is asked for the same things, and what its state is."""

import os
import shutil
import sqlite3
import subprocess
import sys

JOBS = str(os.cpu_count() or 2)


class Engine:
    """One engine at work in its own copy of the workspace."""

    #: Whether it can say what it would do without doing it.
    plans = True

    def __init__(self, name, folder):
        self.name = name
        self.folder = folder

    def build(self):
        raise NotImplementedError

    def plan(self):
        raise NotImplementedError

    def state_bytes(self):
        """What the engine keeps of the graph and of results, without the outputs themselves where these are files."""
        raise NotImplementedError

    def output(self, layer, column):
        """What a node made."""
        with open(os.path.join(self.folder, "o", str(layer), str(column)), "rb") as file:
            return file.read()

    def files(self, *names):
        paths = [os.path.join(self.folder, name) for name in names]
        return sum(os.path.getsize(path) for path in paths if os.path.exists(path))


class Ninja(Engine):
    def __init__(self, name, folder, program):
        super().__init__(name, folder)
        self.program = program

    def build(self):
        return [self.program, "-j", JOBS, "--quiet"]

    def plan(self):
        return [self.program, "-n"]

    def state_bytes(self):
        return self.files("build.ninja", ".ninja_log", ".ninja_deps")


class Make(Engine):
    def build(self):
        return ["make", "-r", "-s", "-j", JOBS]

    def plan(self):
        return ["make", "-r", "-n"]

    def state_bytes(self):
        return self.files("Makefile")


class Tup(Engine):
    def prepare(self):
        subprocess.run(["tup", "init", "--force"], cwd=self.folder, check=True, stdout=subprocess.DEVNULL)

    def build(self):
        # In one word: else the number is taken for the name of an output.
        return ["tup", "-j" + JOBS, "--quiet"]

    def plan(self):
        return ["tup", "todo"]

    def state_bytes(self):
        return self.files("Tupfile", ".tup/db")


class Graph(Engine):
    def __init__(self, name, folder, program):
        super().__init__(name, folder)
        self.program = program
        self.store = folder + ".store"

    def options(self):
        return ["--store", self.store]

    def build(self):
        return [self.program, "build", "-j", JOBS] + self.options()

    def verify(self):
        return [self.program, "build", "--verify-outputs", "-j", JOBS] + self.options()

    def plan(self):
        return [self.program, "plan"] + self.options()

    def state_bytes(self):
        total = 0
        for top, _, names in os.walk(self.store):
            # The reserve is for a full disk and holds nothing.
            total += sum(os.lstat(os.path.join(top, name)).st_size for name in names if name != "reserve")
        return total

    def output(self, layer, column):
        # By the history, because an export compiles the whole workspace.
        facts = sqlite3.connect(f"file:{self.store}/graph.db?mode=ro", uri=True)
        (outputs,) = facts.execute(
            "SELECT outputs FROM traces JOIN nodes ON nodes.id = node WHERE name = ? ORDER BY traces.id DESC LIMIT 1",
            (f"//n/{layer}-{column} command",)).fetchone()
        facts.close()
        digest = outputs.split()[2]
        return subprocess.run(
            [self.program, "store", "cat", "--store", self.store, digest], check=True, capture_output=True).stdout


def version(program, *arguments):
    try:
        text = subprocess.run([program, *arguments], capture_output=True, text=True, check=False).stdout
    except FileNotFoundError:
        return None
    return text.strip().splitlines()[0] if text.strip() else "unknown"


def newer_ninja(cache):
    """The ninja of PyPI, installed into a folder of its own; `None` where it cannot be had."""
    folder = os.path.join(cache, "ninja")
    program = os.path.join(folder, "bin", "ninja")
    if not os.path.exists(program):
        subprocess.run([sys.executable, "-m", "venv", folder], check=False, stdout=subprocess.DEVNULL)
        subprocess.run(
            [os.path.join(folder, "bin", "pip"), "install", "--quiet", "ninja==1.13.2"],
            check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return program if os.path.exists(program) else None
