#!/usr/bin/env python3
"""Draws what scale.py measured: a panel for each measure, wall time over the number of nodes, a line for each engine.

    chart.py FILE.json… >chart.svg        the files that `scale.py --json` wrote, one for each size
"""

import json
import math
import sys

PANELS = [("noop", "nothing to do"), ("plan", "plan, a source changed"), ("leaf", "build, a source changed"),
          ("cutoff", "build, cut off"), ("first", "first build")]
COLORS = {"graph": "#0050c8", "ninja": "#c83200", "ninja-pypi": "#e68200", "make": "#3c8c28", "tup": "#7d3caa"}
WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 250, 220, 48, 30, 34


def text(x, y, content, anchor="middle", size=11):
    return f'<text x="{x:.0f}" y="{y:.0f}" font-size="{size}" text-anchor="{anchor}">{content}</text>'


def panel(name, title, points, sizes, left):
    """The elements of one panel; `points` are wall seconds by engine and size."""
    seconds = [value for line in points.values() for value in line.values()]
    low, high = math.floor(math.log10(min(seconds))), math.ceil(math.log10(max(seconds)))
    high = max(high, low + 1)
    x0, x1 = math.log10(sizes[0]) - 0.15, math.log10(sizes[-1]) + 0.15

    def x(size):
        return left + LEFT + (math.log10(size) - x0) / (x1 - x0) * (WIDTH - LEFT - 10)

    def y(value):
        return TOP + (high - math.log10(value)) / (high - low) * (HEIGHT - TOP - BOTTOM)

    parts = [text(left + WIDTH / 2, 16, title, size=12)]
    for power in range(low, high + 1):
        label = f"{10 ** power:g} s" if power >= 0 else f"{10 ** (power + 3):g} ms"
        parts.append(
            f'<line x1="{left + LEFT}" x2="{left + WIDTH - 10}" y1="{y(10 ** power):.1f}" y2="{y(10 ** power):.1f}" '
            'stroke="#ddd"/>')
        parts.append(text(left + LEFT - 5, y(10 ** power) + 4, label, "end", 10))
    for size in sizes:
        parts.append(text(x(size), HEIGHT - 16, f"{size:,}", size=10))
    for engine, line in sorted(points.items()):
        places = " ".join(f"{x(size):.1f},{y(value):.1f}" for size, value in sorted(line.items()))
        parts.append(f'<polyline points="{places}" fill="none" stroke="{COLORS[engine]}" stroke-width="2"/>')
        for size, value in line.items():
            parts.append(f'<circle cx="{x(size):.1f}" cy="{y(value):.1f}" r="3" fill="{COLORS[engine]}"/>')
    return parts


def main():
    measured = {}
    sizes, machine = set(), ""
    for path in sys.argv[1:]:
        with open(path) as file:
            document = json.load(file)
        # Rounded: the number of nodes is a multiple of the layers.
        size = round(document["nodes"], -3)
        sizes.add(size)
        machine = f'{document["machine"]}, {document["date"]}'
        for cost in document["costs"]:
            measured.setdefault(cost["measure"], {}).setdefault(cost["engine"], {})[size] = max(cost["wall"], 1e-4)
    panels = [(name, title) for name, title in PANELS if name in measured]
    width, height = len(panels) * WIDTH, HEIGHT + 28
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif">',
        f'<rect width="{width}" height="{height}" fill="white"/>']
    for number, (name, title) in enumerate(panels):
        parts += panel(name, title, measured[name], sorted(sizes), number * WIDTH)
    for number, (engine, color) in enumerate(COLORS.items()):
        if any(engine in points for points in measured.values()):
            parts.append(f'<rect x="{48 + number * 90}" y="{HEIGHT + 6}" width="12" height="12" fill="{color}"/>')
            parts.append(text(64 + number * 90, HEIGHT + 16, engine, "start"))
    parts.append(text(width - 10, HEIGHT + 16, f"wall time by nodes; {machine}", "end", 10))
    print("\n".join(parts + ["</svg>"]))


if __name__ == "__main__":
    main()
