#!/usr/bin/env python3
# quickstart.py ROOT BUILD WORK CMAKE CC CXX: does what docs/quickstart.md says, and checks that it prints what the page shows.
import os
import platform
import re
import shutil
import subprocess
import sys

import docs

DATA = "/usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz"
EXPECTED = [
    r"test images: \d\d\.\d\d % correct in training form, \d\d\.\d\d % frozen",
    r"compiled: \d\d\.\d\d % correct, the same bits",
    r"quickstart\.cpp:\d+: remark: small_cnn/conv1: kernel \w+ \(u8 x s4, [\d,]+ weight bytes\)",
    r"quickstart\.cpp:\d+: remark: small_cnn/fc: kernel \w+ \(u4 x s4, [\d,]+ weight bytes\)",
    r"nibble: remark: small_cnn for \S+: [\d,]+ bytes of constants; arena [\d,]+ bytes",
    r"image 0: class (\d), label \d",
]


def run(*command, cwd=None):
    done = subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    print(done.stdout)
    assert done.returncode == 0, f"{command[0]} failed ({done.returncode})"
    return done.stdout


def main():
    root, build, work, cmake, cc, cxx = sys.argv[1:]
    if not os.path.exists(DATA):
        print(f"Skipped: no {DATA} (Debian package dataset-fashion-mnist)")
        return 77
    shutil.rmtree(work, ignore_errors=True)
    project, source = os.path.join(work, "build"), os.path.join(root, "frontend/examples/quickstart")
    run(cmake, "--install", build, "--prefix", os.path.join(work, "prefix"), "--component", "Nibble")
    run(cmake, "-S", source, "-B", project, "-G", "Ninja", f"-DCMAKE_CXX_COMPILER={cxx}", "-DCMAKE_BUILD_TYPE=Release",
        "-DCMAKE_CXX_FLAGS=-Wall -Wextra -Werror", f"-DCMAKE_PREFIX_PATH={work}/prefix")
    run(cmake, "--build", project)

    output = run("./quickstart", cwd=project)
    for pattern in EXPECTED:
        assert re.search(pattern, output), f"quickstart did not print: {pattern}"
    said = re.search(EXPECTED[-1], output).group(1)
    run(cc, "-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-I.", os.path.join(source, "classify.c"), "small_cnn.o", "-o", "classify", cwd=project)
    assert run("./classify", "image.f32", cwd=project) == f"class {said}\n", "the C program gives another class"

    files = ["frozen.mlir", "--weights=small_cnn.safetensors", "--input=sample.npy", "--expect=logits.npy"]
    run(os.path.join(build, "bin/nibble-run"), *files, cwd=project)
    run(os.path.join(build, "bin/nibble-run"), *files, "--reference", cwd=project)
    os.mkdir(os.path.join(project, "arm"))
    command = [os.path.join(build, "bin/nibble-compile"), *files[:2]]
    report = run(*command, "--target=aarch64-linux-gnu", "--report", "-o", "arm/small_cnn.o", cwd=project)
    assert re.search(r"remark: small_cnn/conv1: kernel portable_i16 ", report), "the report of nibble-compile is another one"
    run(*command, "--target=aarch64-linux-gnu", "--emit=header", "-o", "arm/small_cnn.h", cwd=project)
    run(*command, "--dump-stages=stages", "-o", "stages/small_cnn.o", cwd=project)
    if platform.machine() == "x86_64":  # the header of one object with another
        done = subprocess.run([cc, "-std=c11", "-Iarm", os.path.join(source, "classify.c"), "small_cnn.o", "-o", "mixed"], cwd=project,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        assert done.returncode and re.search(r"undefined reference to .small_cnn_\d+_\d+_8_", done.stdout), f"a mixed pair links: {done.stdout}"

    output = run("./mistakes", cwd=project)
    for path, text in docs.blocks(root, "printed by mistakes"):
        assert text in output, f"{path} shows what mistakes does not print:\n{text}"
    return 0


if __name__ == "__main__":
    sys.exit(main())
