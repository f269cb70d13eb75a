#!/usr/bin/env python3
# headers.py ROOT G++ GCC: compiles every public header alone and all of them together with g++ -std=c++20, and those of the
# C interface (runtime/include/**/*.h) with gcc -std=c11 too. Neither warns, and nothing of LLVM, MLIR or Xbyak is read.
import os
import re
import subprocess
import sys
import tempfile
import time

FLAGS = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only"]
FORBIDDEN = re.compile(r"/(llvm|llvm-c|mlir|mlir-c|xbyak)(-\d+)?/")


def headers(root, folder, suffixes):
    """Names as users write them: nibble/graph.h."""
    top = os.path.join(root, folder)
    names = (os.path.relpath(os.path.join(d, f), top) for d, _, files in os.walk(top) for f in files)
    return sorted(name for name in names if name.endswith(suffixes))


def compile_headers(compiler, standard, include, names, suffix, folder):
    """(problem or '', seconds) of compiling one file that includes the headers in order."""
    source = os.path.join(folder, f"headers{suffix}")
    with open(source, "w", encoding="utf-8") as stream:
        stream.writelines(f"#include <{name}>\n" for name in names)
    depends = os.path.join(folder, "headers.d")
    start = time.monotonic()
    command = [compiler, f"-std={standard}", *FLAGS, *(f"-I{path}" for path in include), "-MD", "-MF", depends, source]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    seconds = time.monotonic() - start
    if result.returncode != 0:
        return result.stderr or f"exit status {result.returncode}", seconds
    with open(depends, encoding="utf-8") as stream:
        read = [path for path in stream.read().replace("\\\n", " ").split() if FORBIDDEN.search(path)]
    return (f"reads {', '.join(read[:3])}" if read else ""), seconds


def main(root, gxx, gcc):
    include = [os.path.join(root, part, "include") for part in ("frontend", "runtime")]
    c_names = headers(root, "runtime/include", (".h",))
    cxx_names = sorted({*headers(root, "frontend/include", (".h", ".hpp")), *headers(root, "runtime/include", (".h", ".hpp"))})
    if not headers(root, "frontend/include", (".h", ".hpp")) or not c_names:
        print("frontend/include or runtime/include holds no header")
        return 1
    failed = 0
    runs = [(gxx, "c++20", [name], ".cpp") for name in cxx_names] + [(gcc, "c11", [name], ".c") for name in c_names]
    runs += [(gxx, "c++20", cxx_names, ".cpp"), (gcc, "c11", c_names, ".c")]
    with tempfile.TemporaryDirectory() as folder:
        for compiler, standard, names, suffix in runs:
            problem, seconds = compile_headers(compiler, standard, include, names, suffix, folder)
            what = names[0] if len(names) == 1 else f"all {len(names)} headers"
            print(f"{'FAILED' if problem else 'ok':6} {seconds:5.2f} s  {standard:5}  {what}")
            if problem:
                print(problem)
                failed += 1
    print(f"{len(runs)} compilations, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) != 4:
        print("usage: headers.py ROOT G++ GCC", file=sys.stderr)
        sys.exit(2)
    sys.exit(main(*sys.argv[1:]))
