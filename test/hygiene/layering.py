# Which layer may include which, by include path (docs/rationale/0001-dependencies.md): dialects -> MLIR; compiler ->
# dialects, Xbyak; frontend -> compiler, runtime; runtime -> the system. Installed headers -> installed headers, the system.
import posixpath
import re

from tree import CXX_SUFFIXES, Finding

INCLUDE = re.compile(r'^\s*#\s*include(?:_next)?\s*([<"])([^>"]+)[>"]')
TD_INCLUDE = re.compile(r'^\s*include\s+"()([^"]+)"')
PUBLIC_ROOTS = ("frontend/include", "runtime/include")

# Include path -> group, the first match decides. compiler/Layout and compiler/Support include nothing but the standard
# library: a layout is part of a type, so the dialect may use them.
GROUPS = (
    (re.compile(r"compiler/(Layout|Support)/"), "plain C++"),
    (re.compile(r"dialects/"), "dialects"),
    (re.compile(r"compiler/"), "compiler"),
    (re.compile(r"frontend/include/"), "frontend's headers"),
    (re.compile(r"runtime/include/"), "runtime's headers"),
    (re.compile(r"frontend/"), "frontend"),
    (re.compile(r"runtime/"), "runtime"),
    (re.compile(r"(mlir|llvm)(-c)?/"), "LLVM/MLIR"),
    (re.compile(r"xbyak/"), "Xbyak"),
    (re.compile(r"CLI/"), "CLI11"),
    (re.compile(r"nlohmann/"), "nlohmann"),
    (re.compile(r"(zlib|zconf)\.h$"), "zlib"),
    (re.compile(r"zip(conf)?\.h$"), "libzip"),
    (re.compile(r"boost/"), "Boost"),
    (re.compile(r"omp\.h$"), "OpenMP"),
    (re.compile(r"(oneapi/)?tbb/"), "TBB"),
    (re.compile(r"(openblas/|cblas|lapack)"), "BLAS"),
    (re.compile(r"(gtest|gmock|benchmark)/"), "test libraries"),
    (re.compile(r"(sys|linux|asm|bits|net|netinet|arpa|experimental|ext)/"), "system"),
    (re.compile(r"[^/]+$"), "system"),
)

# Folder -> groups that it may include, the longest prefix decides.
RULES = {
    "dialects/": {"dialects", "plain C++", "LLVM/MLIR"},
    "compiler/": {"compiler", "plain C++", "dialects", "LLVM/MLIR", "Xbyak", "nlohmann"},
    # The tools are clients, not a layer: like any user's program they take files and threads from the public headers.
    "compiler/tools/": {"compiler", "plain C++", "dialects", "LLVM/MLIR", "Xbyak", "nlohmann", "CLI11",
                        "frontend's headers", "runtime's headers"},
    "frontend/": {"frontend", "frontend's headers", "runtime", "runtime's headers"},
    "frontend/examples/": {"frontend", "frontend's headers", "runtime", "runtime's headers", "CLI11", "nlohmann"},
    "frontend/lib/": {"frontend", "frontend's headers", "compiler", "plain C++", "runtime", "runtime's headers", "nlohmann", "zlib", "libzip", "Boost"},
    "runtime/": {"runtime", "runtime's headers", "OpenMP", "TBB"},
}
INSTALLED = "an installed header includes only installed headers and the system's"


def includes(tree, path):
    """(line, quote, include path) of each include of a file."""
    pattern = TD_INCLUDE if path.endswith(".td") else INCLUDE
    for number, line in tree.lines(path):
        match = pattern.match(line)
        if match:
            yield number, match.group(1), match.group(2)


def resolve(tree, path, name):
    """The file of the tree that an include means, or None: from the repository's root, then from the other include paths."""
    others = ("dialects",) if path.endswith(".td") else PUBLIC_ROOTS
    for candidate in (name, *(f"{root}/{name}" for root in others)):
        if tree.has(candidate):
            return candidate
    return None


def group_of(tree, path, name):
    """The group of an include, or None if nothing here knows it."""
    name = resolve(tree, path, name) or name
    for pattern, group in GROUPS:
        if pattern.match(name):
            return group
    return None


def _check_file(tree, path, allowed):
    for number, quote, name in includes(tree, path):
        beside = posixpath.normpath(posixpath.join(posixpath.dirname(path), name))
        if quote == '"' and not resolve(tree, path, name) and tree.has(beside):
            yield Finding(path, number, f'"{name}" does not name its layer; write "{beside}"')
            continue
        group = group_of(tree, path, name)
        if group is None:
            yield Finding(path, number, f"{name} is of no known library; add it to GROUPS in test/hygiene/layering.py")
        elif group != "system" and group not in allowed:
            yield Finding(path, number, f"{name} belongs to {group}; this folder may include {', '.join(sorted(allowed))}")


def _check_installed(tree, header):
    """Follows the includes of one installed header as far as they lead inside the tree."""
    pending, seen = [(header, ())], {header}
    while pending:
        path, chain = pending.pop()
        for number, _, name in includes(tree, path):
            target = resolve(tree, path, name)
            group = group_of(tree, path, name)
            where = (*chain, f"{path}:{number}")
            if group != "system" and not (target or "").startswith(PUBLIC_ROOTS):
                line = int(where[0].rsplit(":", 1)[1])
                via = f" (through {' -> '.join(where[1:])})" if chain else ""
                yield Finding(header, line, f"reaches {name}{via}; {INSTALLED}")
            if target and target not in seen:
                seen.add(target)
                pending.append((target, where))


def check(tree):
    findings = []
    for path in tree.select(RULES, CXX_SUFFIXES + (".td",)):
        rule = max((prefix for prefix in RULES if path.startswith(prefix)), key=len)
        findings += _check_file(tree, path, RULES[rule])
    for header in tree.select([f"{root}/" for root in PUBLIC_ROOTS], (".h", ".hpp")):
        findings += _check_installed(tree, header)
    return findings
