# The lit suite. Features a test may require (// REQUIRES: name):
#   has-avx2        this machine's processor has AVX2
#   qemu-aarch64    qemu-user runs aarch64 programs; %qemu_aarch64
#   aarch64-cc      a cross compiler for aarch64 Linux; %aarch64_cc
# Substitutions beside lit's own: %cc and %cxx (the compilers of this build), %root (the repository).
import os
import platform
import shutil

import lit.formats

here = os.path.dirname(os.path.abspath(__file__))
repository = os.path.dirname(here)

config.name = "nibble"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.excludes = ["Inputs", "unit", "hygiene", "downstream", "bench"]
config.test_source_root = here

# Without the site configuration (lit-22 on a folder of the sources) the release build is meant.
build = getattr(config, "nibble_build_dir", os.path.join(repository, "build", "release"))
llvm_bin = getattr(config, "llvm_bin_dir", "/usr/lib/llvm-22/bin")
config.test_exec_root = os.path.join(build, "test")

tools = os.path.join(build, "bin")
config.environment["PATH"] = os.pathsep.join((tools, llvm_bin, os.environ.get("PATH", os.defpath)))
if "ASAN_OPTIONS" in os.environ:
    config.environment["ASAN_OPTIONS"] = os.environ["ASAN_OPTIONS"]
for tool in ("FileCheck", "not"):
    if not os.path.exists(os.path.join(llvm_bin, tool)):
        lit_config.fatal(f"{llvm_bin} has no {tool}; the Debian package llvm-22-tools holds it")

config.substitutions += [
    ("%root", repository),
    ("%cxx", getattr(config, "host_cxx", "clang++-22")),
    ("%cc", getattr(config, "host_cc", "clang-22")),
]
if getattr(config, "sanitizers", ""):
    config.available_features.add("sanitizers")


def processor_flags():
    try:
        with open("/proc/cpuinfo", encoding="ascii", errors="replace") as stream:
            return next((line.split() for line in stream if line.startswith("flags")), [])
    except OSError:
        return []


def feature(name, present, why_not):
    """Adds a feature, or says once why it is missing: the reason of every test that is skipped for it."""
    if present:
        config.available_features.add(name)
    else:
        lit_config.note(f"not available: {name} ({why_not})")


def program(name, substitution, names):
    """A feature that is a program found on PATH, and the substitution for it."""
    path = next(filter(None, map(shutil.which, names)), None)
    feature(name, path, f"no {' or '.join(names)} on PATH")
    if path:
        config.substitutions.append((substitution, path))


feature("has-avx2", platform.machine() == "x86_64" and "avx2" in processor_flags(), "the processor has no AVX2")
program("qemu-aarch64", "%qemu_aarch64", ["qemu-aarch64-static", "qemu-aarch64"])
program("aarch64-cc", "%aarch64_cc", ["aarch64-linux-gnu-gcc"])
