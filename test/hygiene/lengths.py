# File lengths: no source file over 1000 lines, no .td file over 400, at most one in twenty over 600.
import statistics

from tree import CXX_SUFFIXES, Finding

SUFFIXES = CXX_SUFFIXES + (".td", ".py", ".cmake", ".in", ".mlir", ".test", ".sh", "CMakeLists.txt")
LONGEST, LONGEST_TD, LONG, SHARE = 1000, 400, 600, 0.05


def check(tree):
    lengths = {path: len((tree.text(path) or "").splitlines()) for path in tree.select(suffixes=SUFFIXES)}
    if not lengths:
        return [Finding(".", 1, "found no source file")]
    findings = []
    for path, count in lengths.items():
        limit = LONGEST_TD if path.endswith(".td") else LONGEST
        if count > limit:
            findings.append(Finding(path, limit + 1, f"{count} lines; the limit is {limit}"))
    long = sorted((p for p, count in lengths.items() if count > LONG), key=lambda p: -lengths[p])
    if len(long) > SHARE * len(lengths):
        findings += [Finding(p, LONG + 1, f"{lengths[p]} lines, and {len(long)} of {len(lengths)} files are over {LONG};"
                             f" at most {SHARE:.0%} may be") for p in long]
    print(f"lengths: {len(lengths)} files, median {statistics.median(lengths.values()):g} lines, longest"
          f" {max(lengths, key=lengths.get)} with {max(lengths.values())}, {len(long)} over {LONG}")
    return findings
