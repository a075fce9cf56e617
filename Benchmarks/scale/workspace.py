"""A synthetic workspace, the same for every engine.

N nodes in 30 layers. A node reads three of the layer below (columns j, j+1 and j+2), one of the lowest layer reads the source
file of its column. So a changed source has 30 * 30 = 900 nodes above it, whatever N is.

What a node makes is a number, worked out from the first word of each file that it reads, with nothing but what the shell
has built in: one process for each action. It is written where it differs from what is there, so that engines which look at
times can cut off, too. The first word of a source decides on all that stands on it; the rest of its line on nothing.
"""

import os
import pathlib

LAYERS = 30


def columns(nodes):
    return max(3, (nodes + LAYERS - 1) // LAYERS)


def producers(layer, column, width):
    """The columns of the layer below that a node reads."""
    return [(column + k) % width for k in range(3)]


def script(layer, inputs, output):
    """The command of a node."""
    names = "abc"[: len(inputs)]
    reads = "".join(f"read {name} _ <{path}; " for name, path in zip(names, inputs))
    total = " + ".join(f"{name} * {factor}" for name, factor in zip(names, (3, 5, 7)))
    return (
        f"{reads}v=$(( ({total} + {layer}) % 1000003 )); "
        f"if [ -e {output} ]; then read w <{output}; else w=; fi; "
        f'[ "$v" = "$w" ] || echo $v >{output}'
    )


def write_sources(folder, width):
    sources = pathlib.Path(folder, "s")
    sources.mkdir(parents=True)
    for column in range(width):
        (sources / str(column)).write_text(f"{column} first\n")


def edit(folder, column, value, remark):
    """Writes a source anew: `value` reaches everything above it, `remark` nothing."""
    pathlib.Path(folder, "s", str(column)).write_text(f"{value} {remark}\n")


def paths(layer, column, width):
    if layer == 0:
        return [f"s/{column}"]
    return [f"o/{layer - 1}/{k}" for k in producers(layer, column, width)]


def make_output_folders(folder):
    for layer in range(LAYERS):
        os.makedirs(os.path.join(folder, "o", str(layer)), exist_ok=True)


def write_ninja(folder, width):
    make_output_folders(folder)
    with open(os.path.join(folder, "build.ninja"), "w") as file:
        for layer in range(LAYERS):
            inputs = [f"$i{k}" for k in range(1 if layer == 0 else 3)]
            command = script(layer, inputs, "$out").replace("$v", "$$v").replace("$w", "$$w")
            command = command.replace("$((", "$$((")
            file.write(f"rule r{layer}\n  command = {command}\n  restat = 1\n")
        for layer in range(LAYERS):
            for column in range(width):
                inputs = paths(layer, column, width)
                file.write(f"build o/{layer}/{column}: r{layer} {' '.join(inputs)}\n")
                for k, path in enumerate(inputs):
                    file.write(f"  i{k} = {path}\n")
        top = " ".join(f"o/{LAYERS - 1}/{column}" for column in range(width))
        file.write(f"build all: phony {top}\ndefault all\n")


def write_make(folder, width):
    make_output_folders(folder)
    with open(os.path.join(folder, "Makefile"), "w") as file:
        top = " ".join(f"o/{LAYERS - 1}/{column}" for column in range(width))
        file.write(f"MAKEFLAGS += -r\n.SUFFIXES:\nall: {top}\n")
        for layer in range(LAYERS):
            for column in range(width):
                inputs = paths(layer, column, width)
                output = f"o/{layer}/{column}"
                command = script(layer, inputs, output).replace("$", "$$")
                file.write(f"{output}: {' '.join(inputs)}\n\t@{command}\n")


def write_tup(folder, width):
    # It makes the folders of outputs itself.
    with open(os.path.join(folder, "Tupfile"), "w") as file:
        # Arithmetic of the shell would be one of tup's variables.
        file.write("D = $\n")
        for layer in range(LAYERS):
            for column in range(width):
                inputs = paths(layer, column, width)
                output = f"o/{layer}/{column}"
                command = script(layer, inputs, output).replace("%", "%%").replace("$(", "$(D)(")
                # tup unlinks an output before it runs a command, and compares it itself (^o^).
                file.write(f": {' '.join(inputs)} |> ^o^ {command} |> {output}\n")


def write_graph(folder, width):
    """Commands of `graph.d`, in files of 20,000."""
    pathlib.Path(folder, "graph.yml").write_text("name: scale\narches: [x86_64]\n")
    os.makedirs(os.path.join(folder, "graph.d"))
    per_file = 20_000
    file = None
    for index in range(LAYERS * width):
        layer, column = divmod(index, width)
        if index % per_file == 0:
            if file:
                file.close()
            file = open(os.path.join(folder, "graph.d", f"{index // per_file:04}.yml"), "w")
            file.write("commands:\n")
        if layer == 0:
            inputs = f"{{a: s/{column}}}"
        else:
            labels = [f"//n/{layer - 1}-{k}" for k in producers(layer, column, width)]
            inputs = "{" + ", ".join(f"{n}: {label}" for n, label in zip("abc", labels)) + "}"
        names = ["{inputs.a}"] if layer == 0 else ["{inputs.a}", "{inputs.b}", "{inputs.c}"]
        command = script(layer, names, "{outputs.out}").replace("'", "''")
        file.write(
            f"- name: //n/{layer}-{column}\n  root: host\n  arches: noarch\n  tools: [sh]\n"
            f"  inputs: {inputs}\n  command: [sh, -c, '{command}']\n  outputs: {{out: file}}\n"
        )
    file.close()


WRITERS = {"graph": write_graph, "ninja": write_ninja, "make": write_make, "tup": write_tup}


def write(engine, nodes, folder):
    """Makes the workspace of an engine in a new folder; returns how many nodes it has."""
    width = columns(nodes)
    write_sources(folder, width)
    WRITERS[engine](folder, width)
    return LAYERS * width
