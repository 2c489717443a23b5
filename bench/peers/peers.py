"""Trains ResNet-20 at batch 128 with trainbench, JAX and PyTorch in the same minutes, and prints a table.

PJRT_PLUGIN_LIBRARY_PATH=... python bench/peers/peers.py [--rounds 3] [--steps 8] [--write docs/speed.md]

It needs torch and jax in its Python, Go, and XLA's CPU plugin. Every contender is a process that compiles first; then
they take turns, so that whatever else the machine does meets all alike. With --write the table takes the place of the
one between the marks in that file.
"""

import argparse
import os
import pathlib
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent


class Contender:
    def __init__(self, name, command, **environment):
        self.name, self.rates = name, []
        start = time.perf_counter()
        self.process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env={**os.environ, **environment})
        self.what = self.line()
        self.ready = time.perf_counter() - start
        print(f"# {name}: {self.what}, ready after {self.ready:.0f} s", file=sys.stderr)

    def line(self):
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"{self.name} ended: see above")
        return line.strip()

    def turn(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        self.rates.append(float(self.line()))
        print(f"# {self.name}: {self.rates[-1]:.1f} images/s", file=sys.stderr)


def build(folder, name, **environment):
    path = os.path.join(folder, name)
    subprocess.run(["go", "build", "-o", path, "./bench/peers/ours"], cwd=ROOT, env={**os.environ, **environment}, check=True)
    return path


def contenders(folder, steps):
    ours, simd = build(folder, "ours"), build(folder, "ours-simd", GOEXPERIMENT="simd")
    python = [sys.executable, str(HERE / "nets.py")]
    allocator = re.search(r'allocator = "(.*)"', (ROOT / "bench/backend/tune_linux.go").read_text())[1]
    short = str(max(1, steps // 4))  # pure Go is slow
    return [
        Contender("trainbench, XLA's CPU plugin", [ours, "-backend", "xla:cpu", "-steps", str(steps)]),
        Contender("JAX", [*python, "jax", str(steps)]),
        Contender("JAX with trainbench's allocator settings", [*python, "jax", str(steps)], GLIBC_TUNABLES=allocator),
        Contender("PyTorch, channels last", [*python, "pytorch", str(steps)]),
        Contender("PyTorch, channels last, compiled", [*python, "pytorch-compiled", str(steps)]),
        Contender("trainbench, pure Go with GOEXPERIMENT=simd", [simd, "-backend", "go", "-steps", short]),
        Contender("trainbench, pure Go", [ours, "-backend", "go", "-steps", short]),
    ]


def table(all_):
    first = all_[0]
    rows = ["| | ready after | images/s: min | median | max | median of the ratios to the first row |", "|---|--:|--:|--:|--:|--:|"]
    for c in all_:
        ratio = statistics.median(a / b for a, b in zip(c.rates, first.rates))
        rows.append(f"| {c.name} | {c.ready:.0f} s | {min(c.rates):.1f} | {statistics.median(c.rates):.1f} | {max(c.rates):.1f} | {ratio:.2f} |")
    return "\n".join(rows)


def cpu():
    try:
        return re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())[1]
    except OSError:
        return platform.processor()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--write", type=pathlib.Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        all_ = contenders(folder, arguments.steps)
        loads = []
        for _ in range(arguments.rounds):
            for c in all_:
                c.turn()
            loads.append(os.getloadavg()[0])
        for c in all_:
            c.process.stdin.close()
    versions = "; ".join(dict.fromkeys(c.what for c in all_))
    text = (f"{table(all_)}\n\n{arguments.rounds} rounds in turn of {arguments.steps} steps each (pure Go: a quarter of them) on {cpu()}, "
            f"{os.cpu_count()} cores, load average {min(loads):.1f} to {max(loads):.1f}. {versions}; "
            f"{subprocess.run(['go', 'version'], capture_output=True, text=True, check=True).stdout.split()[2]}.")
    print(text)
    if arguments.write:
        marks = "<!-- peers.py -->\n", "\n<!-- end -->"
        old = arguments.write.read_text()
        before, rest = old.split(marks[0])
        arguments.write.write_text(before + marks[0] + text + marks[1] + rest.split(marks[1], 1)[1])


if __name__ == "__main__":
    main()
