#!/usr/bin/env python3
# check.py PROGRAM FOLDER: runs compare_kernels on tiny cases and checks what it writes: every field, never a time.
import json
import math
import os
import subprocess
import sys

FIELDS = ("op", "operands", "shape", "ms_min", "ms_median", "gops", "bound_gops", "bound_by", "peer", "peer_ms_min", "ratio",
          "exact")
FILTER = "^gemm (f32xf32|u8xs8-tensor|u8xs8-worst|u4xs4|t2xt2|b1xb1) 17x31x67$|^gemm s8xs4g128 512x512x512$"


def positive(value):
    return isinstance(value, (int, float)) and math.isfinite(value) and value > 0


def faults_of(row):
    """What is wrong with a row."""
    missing = [name for name in FIELDS if name not in row]
    if missing:
        yield f"has no {', '.join(missing)}"
        return
    if row["op"] not in ("gemm", "gemv", "conv", "dwconv") and not row["op"].startswith("peer:"):
        yield f"op is {row['op']}"
    if not positive(row["bound_gops"]) or not row["bound_by"]:
        yield f"bound is {row['bound_gops']} by {row['bound_by']!r}"
    if row["ms_min"] is None:
        if not row["refused"] or row["gops"] is not None:
            yield "has neither a time nor a reason"
        return
    if not all(positive(row[name]) for name in ("ms_min", "ms_median", "gops")) or row["ms_median"] < row["ms_min"]:
        yield f"times are {row['ms_min']} and {row['ms_median']}, rate {row['gops']}"
    if row["op"].startswith("peer:"):
        return
    if row["exact"] is not True or not 0 < row["checked"] <= 1:
        yield f"exact is {row['exact']}, checked {row['checked']}"
    if (row["peer"] is None) != (row["ratio"] is None) or (row["peer"] is None) != (row["peer_ms_min"] is None):
        yield "names a peer without its time, or the other way round"
    elif row["peer"] and not math.isclose(row["ratio"], row["peer_ms_min"] / row["ms_min"], rel_tol=1e-6):
        yield f"ratio {row['ratio']} is not {row['peer_ms_min']} / {row['ms_min']}"


def check(rows, machine):
    for row in rows:
        for fault in faults_of(row):
            yield f"{row.get('op')} {row.get('operands')} {row.get('shape')}: {fault}"
    ours = {row["operands"]: row for row in rows if not row["op"].startswith("peer:")}
    for operands in ("f32xf32", "u8xs8-tensor", "u8xs8-worst", "u4xs4", "t2xt2", "b1xb1", "s8xs4g128"):
        if operands not in ours:
            yield f"no row for {operands}"
    for row in ours.values():
        peers = [other["ms_min"] for other in rows if other["op"].startswith("peer:")
                 and (other["operands"], other["shape"]) == (row["operands"], row["shape"]) and other["ms_min"] is not None]
        if row["peer_ms_min"] != min(peers, default=None):
            yield f"{row['operands']}: the fastest peer needs {row['peer_ms_min']}, the peers' rows say {peers}"
    for part in ("cpu", "target", "peers", "limits", "read_gb_per_s"):
        if not machine.get(part):
            yield f"machine.json has no {part}"


def faults_of_threads(rows):
    """What is wrong with the rows of one thread and several."""
    if {row["operands"] for row in rows} != {"f32xf32", "u8xs8-tensor"}:
        yield f"rows are {[row['operands'] for row in rows]}"
    for row in rows:
        fields = ("ms_min", "ms_median", "ms_min_one", "gops", "speedup", "loop_speedup", "of_bandwidth", "checked")
        wrong = [name for name in fields if not positive(row.get(name))]
        if wrong or row["threads"] != 2 or row["exact"] is not True or not row["kernel"]:
            yield f"{row['operands']} {row['shape']}: {wrong or row}"
        elif not math.isclose(row["speedup"], row["ms_min_one"] / row["ms_min"], rel_tol=1e-6):
            yield f"speedup {row['speedup']} is not {row['ms_min_one']} / {row['ms_min']}"


def threads(program, folder):
    """Rows of two threads, and of those that take long enough."""
    path = os.path.join(folder, "threads.json")
    for least, count in (("0", 2), ("1000", 0)):
        subprocess.run([program, "--quick", "--repeat=3", "--threads=2", f"--least-ms={least}",
                        "--filter=^gemm (f32xf32|u8xs8-tensor) 17x31x67$", f"--json={path}"], check=True)
        with open(path, encoding="utf-8") as stream:
            rows = json.load(stream)
        if len(rows) != count:
            yield f"{len(rows)} rows of at least {least} ms, not {count}"
        elif rows:
            yield from faults_of_threads(rows)


def faults_of_goals(folder):
    """The table of goals: every row, and figures where the cases of FILTER give some."""
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "goals.py")
    table = subprocess.run([sys.executable, "-B", script, folder], check=True, capture_output=True, text=True).stdout
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines() if line.startswith("| ")][2:]
    measured = {row[0] for row in rows if row[4] != "not measured"}
    if len(rows) != 18 or any(len(row) != 6 for row in rows):
        yield f"goals.py prints {len(rows)} rows:\n{table}"
    for what in ("f32: to the fastest peer", "4 x 4 bits, products and 3x3: of the bound of 16-bit sums"):
        if what not in measured:
            yield f"goals.py has no figure for {what}:\n{table}"


def main(program, folder):
    with open("/proc/cpuinfo", encoding="utf-8") as stream:
        flags = stream.read().split()
    if "avx2" not in flags or "fma" not in flags:
        print("skip: this machine has no avx2 and fma")
        return 77
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, "kernels.json")
    subprocess.run([program, "--quick", "--repeat=3", f"--filter={FILTER}", f"--json={path}"], check=True)
    with open(path, encoding="utf-8") as stream:
        rows = json.load(stream)
    with open(os.path.join(folder, "machine.json"), encoding="utf-8") as stream:
        machine = json.load(stream)
    faults = list(check(rows, machine)) + list(faults_of_goals(folder))
    if len(os.sched_getaffinity(0)) > 1:
        faults += threads(program, folder)
    for fault in faults:
        print(f"error: {fault}")
    print(f"{len(rows)} rows, {len(faults)} faults")
    return 1 if faults or not rows else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
