# Sources that no CMake file names: such a file, and such a test, would never be compiled.
import posixpath
import re

from tree import Finding

FOLDERS = ("dialects/", "compiler/", "runtime/", "frontend/", "test/unit/")
NAME = re.compile(r"[^\s()\"]+\.(?:cpp|c)\b")
GLOB = re.compile(r"file\s*\(\s*GLOB[^)]*\*\w*\.(?:cpp|c)\b", re.IGNORECASE)
VARIABLES = (("${CMAKE_SOURCE_DIR}/", "/"), ("${PROJECT_SOURCE_DIR}/", "/"), ("${CMAKE_CURRENT_SOURCE_DIR}/", ""),
             ("${CMAKE_CURRENT_LIST_DIR}/", ""))


def ancestors(folder):
    """The folder itself and those above it, the root ('') last."""
    yield folder
    while folder:
        folder = posixpath.dirname(folder)
        yield folder


def check(tree):
    named, globbed = set(), set()
    for path in tree.select(suffixes=("CMakeLists.txt", ".cmake")):
        text, folder = tree.text(path) or "", posixpath.dirname(path)
        if GLOB.search(text):
            globbed.add(folder)
        for name in NAME.findall(text):
            for variable, value in VARIABLES:
                name = name.replace(variable, value)
            # A file that another folder includes names its sources from there.
            bases = [""] if name.startswith("/") else ancestors(folder)
            named.update(posixpath.normpath(posixpath.join(base, name.lstrip("/"))) for base in bases)
    return [Finding(path, 1, "no CMake file names this source") for path in tree.select(FOLDERS, (".cpp", ".c"))
            if path not in named and not globbed.intersection(ancestors(posixpath.dirname(path)))]
