# What no file of the repository may say: global command-line options in libraries, paths of one machine, marks for later.
import re

from tree import CXX_SUFFIXES, Finding

GLOBAL_OPTION = re.compile(r"\bcl::(?:opt|list|bits|alias|ParseCommandLineOptions)\b")
# Written so that this file does not match itself.
MACHINE_PATH = re.compile(r"(?<![A-Za-z0-9._)}/~*-])/(?:work|home|root)(?![A-Za-z0-9_-])")
MARK = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|X" r"XX|HA" r"CK)\b")


def check(tree):
    findings = []
    for path in tree.files:
        library = path.startswith(("dialects/", "compiler/", "runtime/", "frontend/")) and path.endswith(CXX_SUFFIXES)
        library = library and not path.startswith("compiler/tools/")
        for number, line in tree.lines(path):
            if library and GLOBAL_OPTION.search(line):
                findings.append(Finding(path, number, "a global command-line option in a library; take a struct of options"))
            if MACHINE_PATH.search(line):
                findings.append(Finding(path, number, "a path of one machine"))
            if MARK.search(line):
                findings.append(Finding(path, number, "a mark for later work; do it, or describe the limit in docs/status.md"))
    return findings
