#!/usr/bin/env python3
"""goals.py [FOLDER]: how far kernels.json and machine.json of FOLDER (build/bench) are from the goals of docs/goals.md.

Prints a Markdown table: what is asked for, the least and the greatest figure over the shapes, and the shapes that miss it.
"""
import json
import sys

SUMS_OF_16_BITS = "vpmaddubsw+vpaddw"


class Run:
    def __init__(self, folder):
        with open(f"{folder}/kernels.json", encoding="utf-8") as stream:
            rows = json.load(stream)
        with open(f"{folder}/machine.json", encoding="utf-8") as stream:
            self.machine = json.load(stream)
        self.ours = {(r["op"], r["operands"], r["shape"]): r for r in rows if not r["op"].startswith("peer:") and r["gops"]}
        self.peers = [r for r in rows if r["op"].startswith("peer:") and r["ms_min"]]

    def of(self, ops, operands, shapes=lambda shape: True):
        return [r for (op, o, shape), r in self.ours.items() if op in ops.split() and o == operands and shapes(shape)]

    def of_bound(self, row):
        return row["gops"] / row["bound_gops"]

    def of_sums16(self, row):
        bound = row["bound_gops"] if row["bound_by"] == SUMS_OF_16_BITS else self.machine["limits"][SUMS_OF_16_BITS]["rate"]
        return row["gops"] / bound

    def to_own_int8(self, row):
        other = self.ours.get((row["op"], "u8xs8-tensor", row["shape"]))
        return other["ms_min"] / row["ms_min"] if other else None

    def to_any_peer(self, row):
        """Beside peers of 8 bits and of f32."""
        times = [p["ms_min"] for p in self.peers if p["shape"] == row["shape"] and p["operands"] in (row["operands"], "f32xf32")]
        return min(times) / row["ms_min"] if times else None


def is_3x3(shape):
    return shape.endswith("x3x3") or "-" not in shape


def goals(run):
    """What, the least figure, and the figures by shape."""
    def figures(rows, figure):
        return {r["shape"]: value for r in rows if (value := figure(r)) is not None}

    ratio, exact = (lambda r: r["ratio"]), (lambda r: r["exact_ratio"])
    yield "f32: to the fastest peer", 0.95, figures(run.of("gemm gemv conv", "f32xf32"), ratio)
    for granularity, least, least_exact in (("tensor", 1.0, 1.3), ("channel", 0.95, 1.25)):
        rows = run.of("gemm conv", f"u8xs8-{granularity}")
        yield f"8 x 8 bits, one scale per {granularity}: to the fastest peer", least, figures(rows, ratio)
        yield "the same: to the fastest exact peer", least_exact, figures(rows, exact)
    yield "8 x 8 bits, all weights +-127: to the fastest exact peer", 1.05, figures(run.of("gemm conv", "u8xs8-worst"), exact)
    rows = run.of("gemm", "u8xs4")
    yield "8 x 4 bits, products: of the bound of 16-bit sums", 0.75, figures(rows, run.of_sums16)
    yield "the same: to 8 x 8 bits", 1.25, figures(rows, run.to_own_int8)
    for operands, name in (("u4xs4", "4 x 4 bits"), ("u2xs2", "2 x 2 bits")):
        yield f"{name}, products and 3x3: of the bound of 16-bit sums", 0.85, figures(run.of("gemm conv", operands, is_3x3), run.of_sums16)
    yield "8 bits x ternary, products: of the bound of 16-bit sums", 0.80, figures(run.of("gemm", "s8xt2"), run.of_sums16)
    large = lambda shape: shape == "1x4096x4096"
    yield "8 bits x ternary, 1x4096x4096: of its bound", 0.75, figures(run.of("gemv", "s8xt2", large), run.of_bound)
    yield "binary, 512x512x4096: GOP/s", 1000, figures(run.of("gemm", "b1xb1", lambda s: s == "512x512x4096"), lambda r: r["gops"])
    yield "binary, 3x3 on 56x56x64 and 14x14x256: GOP/s", 600, figures(
        run.of("conv", "b1xb1", lambda s: s in ("56x56x64-64x3x3", "14x14x256-256x3x3")), lambda r: r["gops"])
    for granularity in ("tensor", "channel"):
        yield f"depthwise, 8 bits, one scale per {granularity}: to the fastest peer of any type", 1.5, figures(
            run.of("dwconv", f"u8xs8-{granularity}"), run.to_any_peer)
    yield "8 bits x 4 bits in groups of 128, 1x4096x4096: of its bound", 0.70, figures(run.of("gemv", "s8xs4g128", large), run.of_bound)
    yield "f32 x 4 bits in groups of 128, 1x4096x4096: of its bound", 0.70, figures(run.of("gemv", "f32xs4g128", large), run.of_bound)


def text(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"


def main():
    run = Run(sys.argv[1] if len(sys.argv) > 1 else "build/bench")
    print(f"{run.machine['cpu']}, target {run.machine['target']}\n")
    print("| what | asked | least | greatest | shapes that reach it | not |\n| --- | --- | --- | --- | --- | --- |")
    for what, asked, figures in goals(run):
        if not figures:
            print(f"| {what} | {text(asked)} | - | - | not measured | |")
            continue
        missed = sorted((value, shape) for shape, value in figures.items() if round(value, 2) < asked)
        print(f"| {what} | {text(asked)} | {text(min(figures.values()))} | {text(max(figures.values()))} | "
              f"{len(figures) - len(missed)} of {len(figures)} | {', '.join(f'{shape} {text(value)}' for value, shape in missed)} |")


if __name__ == "__main__":
    main()
