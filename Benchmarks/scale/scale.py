#!/usr/bin/env python3
"""graph beside ninja, make and tup on the same synthetic workspace (see workspace.py), in one run.

    scale.py --graph PROGRAM [--nodes N] [--engines graph,ninja,…] [--runs K] [--folder DIR] [--json FILE] [--check]

Prints a line for each measure and peer: `MEASURE graph/PEER RATIO` with the ratio of wall times, then what both took. Less
than one is faster than the peer. Times never fail a run; a wrong result does (exit code 1).
"""

import argparse
import json
import os
import platform
import random
import re
import shutil
import sys
import tempfile
import time

import engines
import seed
import seed_ninja
import workspace
from measure import Cost, run

PEERS = ["ninja", "ninja-pypi", "make", "tup"]
MEASURES = ["first", "noop", "verify", "plan", "leaf", "cutoff"]


class Model:
    """What every node has to make."""

    def __init__(self, width):
        self.width = width
        self.sources = list(range(width))

    def values(self):
        rows = []
        for layer in range(workspace.LAYERS):
            below = self.sources if layer == 0 else rows[-1]
            row = []
            for column in range(self.width):
                reads = [column] if layer == 0 else workspace.producers(layer, column, self.width)
                total = sum(below[k] * factor for k, factor in zip(reads, (3, 5, 7)))
                row.append((total + layer) % 1000003)
            rows.append(row)
        return rows


class Wrong(Exception):
    pass


def check(engine, model, columns):
    """Compares what an engine made in some columns of the highest layer with the model."""
    top = workspace.LAYERS - 1
    rows = model.values()
    for column in columns:
        found, expected = engine.output(top, column), f"{rows[top][column]}\n".encode()
        if found != expected:
            raise Wrong(f"{engine.name}: o/{top}/{column} is {found!r} and has to be {expected!r}")


def ran(text):
    """How many actions graph says it ran."""
    found = re.search(r"(\d+) ran", text)
    return int(found.group(1)) if found else 0


class Bench:
    def __init__(self, arguments, folder):
        self.arguments = arguments
        self.folder = folder
        self.width = workspace.columns(arguments.nodes)
        self.random = random.Random(1)
        self.costs = {}
        self.state = {}
        self.problems = []

    def engines(self):
        wanted = self.arguments.engines.split(",")
        for name in wanted:
            folder = os.path.join(self.folder, name)
            if name == "graph":
                yield engines.Graph(name, folder, os.path.abspath(self.arguments.graph))
            elif name == "ninja" and shutil.which("ninja"):
                yield engines.Ninja(name, folder, "ninja")
            elif name == "ninja-pypi" and (program := engines.newer_ninja(self.folder)):
                yield engines.Ninja(name, folder, program)
            elif name == "make":
                yield engines.Make(name, folder)
            elif name == "tup" and shutil.which("tup"):
                yield engines.Tup(name, folder)
            else:
                print(f"{name}: skipped, it is not installed", flush=True)

    def measure(self, engine, name, command, runs, before=lambda: None, output=None):
        cost = Cost()
        text = ""
        for _ in range(runs):
            before()
            text = run(command, engine.folder, cost, output)
        self.costs[engine.name, name] = cost
        print(f"  {engine.name:11} {name:7} {cost}", flush=True)
        return text

    def edit(self, engine, model, keeps_value):
        """Edits the source of a column; one remark is never written twice."""
        column = self.random.randrange(self.width)
        if engine.name == "tup":
            # It sees times in whole seconds only.
            time.sleep(1.1)
        if not keeps_value:
            model.sources[column] += 1_000
        workspace.edit(engine.folder, column, model.sources[column], f"edit {self.random.random()}")
        return column

    def bench(self, engine):
        workspace_engine = engine.name.split("-")[0]
        workspace.write(workspace_engine, self.arguments.nodes, engine.folder)
        if isinstance(engine, engines.Tup):
            engine.prepare()
        model = Model(self.width)
        some = [0, self.width // 2, self.width - 1]
        runs = self.arguments.runs

        if engine.name == "graph" and self.arguments.seed:
            seed.seed(engine.program, engine.store, engine.folder, model.values(), self.width)
            text = run(engine.verify(), engine.folder, Cost())
            if ran(text):
                raise Wrong(f"graph: {ran(text)} actions ran in a store that has the results of all")
        elif engine.name == "ninja" and self.arguments.seed:
            seed_ninja.seed(engine.folder, model.values(), self.width)
            if text := run(engine.plan(), engine.folder, Cost()).replace("ninja: no work to do.\n", ""):
                raise Wrong(f"ninja has work to do where all was done: {text[:300]}")
        else:
            self.measure(engine, "first", engine.build(), 1)
        check(engine, model, some)
        self.state[engine.name] = engine.state_bytes()
        # The first look after a build may have to look twice (git's rule of racy files).
        run(engine.build(), engine.folder, Cost())
        text = self.measure(engine, "noop", engine.build(), runs)
        if engine.name == "graph":
            if "nothing to do" not in text and ran(text):
                raise Wrong(f"graph: a build of nothing ran {ran(text)} actions")
            self.measure(engine, "verify", engine.verify(), runs)

        edited = []
        self.measure(
            engine, "plan", engine.plan(), runs,
            before=lambda: None if edited else edited.append(self.edit(engine, model, False)))
        run(engine.build(), engine.folder, Cost())
        columns = []
        text = self.measure(
            engine, "leaf", engine.build(), max(2, runs // 2),
            before=lambda: columns.append(self.edit(engine, model, False)))
        check(engine, model, some + edited + columns)
        # Two columns more in each layer, until all are in it; some come out as they were.
        above = sum(min(2 * layer + 1, self.width) for layer in range(workspace.LAYERS))
        if engine.name == "graph" and not above / 2 < ran(text) <= above:
            raise Wrong(f"graph: an edit of a source ran {ran(text)} actions, not {above} or a little less")
        text = self.measure(
            engine, "cutoff", engine.build(), max(2, runs // 2),
            before=lambda: columns.append(self.edit(engine, model, True)))
        check(engine, model, some + columns)
        if engine.name == "graph" and ran(text) != 1:
            raise Wrong(f"graph: an edit that changes no result ran {ran(text)} actions, not 1")

    def run(self):
        print(f"{self.width * workspace.LAYERS} nodes, {self.width} sources, {machine()}", flush=True)
        for engine in self.engines():
            try:
                self.bench(engine)
            except (Wrong, SystemExit) as wrong:
                self.problems.append(str(wrong))
                print(f"WRONG {wrong}", flush=True)
            if not self.arguments.keep:
                shutil.rmtree(engine.folder, ignore_errors=True)
        self.report()

    def report(self):
        print()
        for name in MEASURES:
            ours = self.costs.get(("graph", name))
            for peer in PEERS:
                theirs = self.costs.get((peer, "noop" if name == "verify" else name))
                if ours and theirs:
                    print(f"{name} graph/{peer} {ours.wall / theirs.wall:.3f}  graph {ours}; {peer} {theirs}")
        for peer in PEERS:
            if "graph" in self.state and peer in self.state:
                ours, theirs = self.state["graph"] / 1e6, self.state[peer] / 1e6
                print(f"state graph/{peer} {ours / theirs:.2f}  graph {ours:.1f} MB; {peer} {theirs:.1f} MB")
        print(
            "\nfor us: ninja, make and tup ask the disk for every output, and graph keeps outputs in its store, where\n"
            "nobody else writes; 'verify' is graph looking up every result and blob all the same. Against us: each of\n"
            "graph's actions runs in a sandbox of its own, and its result, log and reasons are kept durably.")
        if self.arguments.json:
            with open(self.arguments.json, "w") as file:
                json.dump(self.document(), file, indent=1)

    def document(self):
        return {
            "nodes": self.width * workspace.LAYERS, "machine": machine(), "date": time.strftime("%Y-%m-%d"),
            "costs": [
                {"engine": engine, "measure": name, "wall": cost.wall, "cpu": cost.processor,
                 "peakMiB": cost.peak_mib, "runs": len(cost.walls)}
                for (engine, name), cost in self.costs.items()],
            "stateBytes": self.state,
        }


def machine():
    with open("/proc/cpuinfo") as file:
        models = [line.split(":")[1].strip() for line in file if line.startswith("model name")]
    return f"{len(models)} x {models[0] if models else platform.machine()}, Linux {platform.release()}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--graph", required=True, help="the program to measure")
    parser.add_argument("--nodes", type=int, default=10_000)
    parser.add_argument("--engines", default="graph," + ",".join(PEERS))
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--folder", help="where to work; default: a new folder in /tmp")
    parser.add_argument("--json", help="write all figures to this file")
    parser.add_argument(
        "--seed", action="store_true", help="give graph and ninja what a first build leaves, instead of one (seed.py, seed_ninja.py)")
    parser.add_argument("--keep", action="store_true", help="leave the workspaces there")
    arguments = parser.parse_args()
    folder = arguments.folder or tempfile.mkdtemp(prefix="graph-scale-")
    os.makedirs(folder, exist_ok=True)
    bench = Bench(arguments, folder)
    try:
        bench.run()
    finally:
        if not arguments.folder and not arguments.keep:
            shutil.rmtree(folder, ignore_errors=True)
    sys.exit(1 if bench.problems else 0)


if __name__ == "__main__":
    main()
