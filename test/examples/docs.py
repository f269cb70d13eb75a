#!/usr/bin/env python3
# docs.py ROOT BIN: checks marked code blocks of README.md and docs/**/*.md. A mark is a comment on the line before the fence:
#   <!-- from PATH -->      the block stands in that file, line by line
#   <!-- stage NAME -->     the block is what the compiler prints at that stage for test/examples/Inputs/two_layers.mlir, up to white
#                           space; "..." stands for anything
import glob
import os
import re
import subprocess
import sys
import tempfile

BLOCK = re.compile(r"<!-- (.+?) -->\n+```\w*\n(.*?)```", re.DOTALL)
TARGET = "--target=x86_64-linux-gnu,+avx2"


def blocks(root, mark):
    """(page, text) of each block whose mark is or begins with `mark`; with a trailing blank, (page, rest of the mark, text)."""
    pages = [os.path.join(root, "README.md"), *sorted(glob.glob(os.path.join(root, "docs/**/*.md"), recursive=True))]
    for page in pages:
        with open(page, encoding="utf-8") as stream:
            for found, text in BLOCK.findall(stream.read()):
                if mark.endswith(" ") and found.startswith(mark):
                    yield os.path.relpath(page, root), found[len(mark):], text
                elif found == mark:
                    yield os.path.relpath(page, root), text


def stages(root, tools):
    """Stage -> its module as text without line breaks."""
    with tempfile.TemporaryDirectory() as folder:
        model, bound = os.path.join(root, "test/examples/Inputs/two_layers.mlir"), os.path.join(folder, "bound.mlir")
        subprocess.run([os.path.join(tools, "nibble-opt"), model, "--nibble-bind-weights=seed=1", "-o", bound], check=True)
        subprocess.run([os.path.join(tools, "nibble-compile"), bound, TARGET, "--compile-to=kernels", "--strip-locations", "--dump-stages=" + folder,
                        "-o", os.devnull], check=True)
        texts = {"graph": model}
        texts |= {re.sub(r"^\d+-|\.mlir$", "", name): os.path.join(folder, name) for name in os.listdir(folder) if "-" in name and "01-" not in name}
        result = {}
        for stage, path in texts.items():
            with open(path, encoding="utf-8") as stream:
                result[stage] = " ".join(stream.read().split())
        return result


def first_missing(excerpt, text):
    """The first piece of the excerpt that the text does not hold behind the piece before it, or None."""
    at = 0
    for piece in " ".join(excerpt.split()).split("..."):
        found = text.find(piece.strip(), at)
        if found < 0:
            return piece
        at = found + len(piece.strip())
    return None


def main():
    root, tools = sys.argv[1:]
    faults, count = [], 0
    for page, path, text in blocks(root, "from "):
        count += 1
        try:
            with open(os.path.join(root, path), encoding="utf-8") as stream:
                if text not in stream.read():
                    faults.append(f"{page}: a block is not in {path} as it stands:\n{text}")
        except OSError as error:
            faults.append(f"{page}: {error}")
    excerpts = list(blocks(root, "stage "))
    modules = stages(root, tools) if excerpts else {}
    for page, stage, text in excerpts:
        count += 1
        missing = first_missing(text, modules[stage]) if stage in modules else "stage " + stage
        if missing is not None:
            faults.append(f"{page}: the {stage} stage does not hold: {missing}")
    print("\n".join(faults + [f"{count} marked blocks, {len(faults)} faults"]))
    return 1 if faults or not count else 0


if __name__ == "__main__":
    sys.exit(main())
