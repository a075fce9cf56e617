"""Puts the results of a whole first build into a store of graph, in minutes instead of hours.

What is written is what a first build of the workspace commits for each node: blob, result, deep key, preimage, trace. The
history of the run is left out. Keys are worked out here from the form of preimages that BUILDGRAPH.md, section 7, gives: where
anything of it is wrong, graph finds no result and runs the action, which the bench reports.
"""

import ctypes
import ctypes.util
import hashlib
import os
import shutil
import sqlite3
import subprocess
import time
import zlib

import workspace

BATCH = 50_000
zstd = ctypes.CDLL(ctypes.util.find_library("zstd"))
zstd.ZSTD_compress.restype = ctypes.c_size_t


def compressed(text, buffer=ctypes.create_string_buffer(4096)):
    size = zstd.ZSTD_compress(buffer, len(buffer), text, ctypes.c_size_t(len(text)), 3)
    return buffer.raw[:size]


def escaped(word):
    return "".join(f"\\x{ord(c):02X}" if c <= " " or c in "\\\x7f" else c for c in word)


def checksum(*fields):
    crc = 0
    for field in fields:
        crc = zlib.crc32(field, zlib.crc32(len(field).to_bytes(4, "little"), crc))
    return crc


class Preimages:
    """The preimages of a layer's nodes, with places for what differs."""

    def __init__(self):
        path = os.path.realpath(shutil.which("sh"))
        with open(path, "rb") as file:
            content = file.read()
        self.tool = f"input blob {hashlib.sha256(content).hexdigest()}/{len(content)} tool/sh\n"
        self.heads = [self.head(layer) for layer in range(workspace.LAYERS)]

    def head(self, layer):
        names = "a" if layer == 0 else "abc"
        script = workspace.script(layer, [f"/build/in/{n}" for n in names], "/build/out/out")
        stages = "".join(f"stage input/{n} /build/in/{n}\n" for n in names)
        return (
            f"graph-key 1\nrule command@1\ncommand sh -c {escaped(script)}\ndirectory /build\nroot host\n{stages}"
            "collect out /build/out/out\n"
        )

    def text(self, layer, inputs):
        lines = "".join(f"input {name} input/{role}\n" for role, name in zip("abc", inputs))
        return f"{self.heads[layer]}{lines}{self.tool}output blob out\n".encode()


def blob(content):
    return f"blob {hashlib.sha256(content).hexdigest()}/{len(content)}"


def seed(program, store, folder, values, width):
    """Fills a new store for the workspace in `folder`, whose nodes make `values` (rows of numbers by layer)."""
    subprocess.run([program, "store", "add", "--store", store, f"{folder}/graph.yml"], check=True, capture_output=True)
    facts = sqlite3.connect(f"{store}/graph.db", isolation_level=None)
    blobs = sqlite3.connect(f"{store}/blobs.db", isolation_level=None)
    preimages, now, number = Preimages(), time.time(), 0
    # Names of what each column made in the layer below, and the deep keys.
    below = []
    for column in range(width):
        with open(f"{folder}/s/{column}", "rb") as file:
            below.append(blob(file.read()))
    deep_below = below
    rows = {name: [] for name in ("actions", "deep", "nodes", "preimages", "traces", "blobs")}

    def flush():
        facts.execute("BEGIN")
        facts.executemany("INSERT OR IGNORE INTO actions VALUES(?,?,0.01,?,NULL,NULL,?)", rows["actions"])
        facts.executemany("INSERT OR IGNORE INTO deep VALUES(?,?,?)", rows["deep"])
        facts.executemany("INSERT INTO nodes VALUES(?,?,0.01)", rows["nodes"])
        facts.executemany("INSERT OR IGNORE INTO preimages VALUES(?,?,?)", rows["preimages"])
        facts.executemany(
            "INSERT INTO traces(node,key,key_size,deep,deep_size,outputs,duration,finished) VALUES(?,?,?,?,?,?,0.01,?)",
            rows["traces"])
        facts.execute("COMMIT")
        blobs.execute("BEGIN")
        blobs.executemany("INSERT OR IGNORE INTO blobs VALUES(?,?,0,?)", rows["blobs"])
        blobs.execute("COMMIT")
        for batch in rows.values():
            batch.clear()

    for layer in range(workspace.LAYERS):
        made, deep_made = [], []
        for column in range(width):
            reads = [column] if layer == 0 else workspace.producers(layer, column, width)
            text = preimages.text(layer, [below[k] for k in reads])
            key = hashlib.sha256(text).digest()
            deep_text = text if layer == 0 else preimages.text(layer, [deep_below[k] for k in reads])
            deep = hashlib.sha256(deep_text).digest()
            content = f"{values[layer][column]}\n".encode()
            name = blob(content)
            outputs = f"out {name}\n"
            number += 1
            rows["actions"].append((key, outputs, now, checksum(key, outputs.encode())))
            rows["deep"].append((deep, key, checksum(deep, key)))
            rows["nodes"].append((number, f"//n/{layer}-{column} command"))
            rows["preimages"].append((key, compressed(text), len(text)))
            rows["traces"].append((number, key, len(text), deep, len(deep_text), outputs, now))
            rows["blobs"].append((hashlib.sha256(content).digest(), len(content), content))
            made.append(name)
            deep_made.append(f"deep {deep.hex()} out")
            if number % BATCH == 0:
                flush()
        below, deep_below = made, deep_made
    flush()
    facts.close()
    blobs.close()
