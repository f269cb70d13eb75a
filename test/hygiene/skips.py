#!/usr/bin/env python3
# skips.py LastTest.log OUTPUT: lists what a ctest run skipped, each with its reason, from its log and what it printed. Exits
# with 1 if a reason is missing, if a test is disabled, or if a program that should hold tests ran none.
import re
import sys

SECTION = re.compile(r"^\d+/\d+ Testing: (.*)$")
GTEST_RUN = re.compile(r"^\[ RUN      \] (.*)$")
GTEST_SKIP = re.compile(r"^\[  SKIPPED \] (.*) \(\d+ ms\)$")
GTEST_NONE = re.compile(r"^\[==========\] Running 0 tests from")
GTEST_DISABLED = re.compile(r"^\s*YOU HAVE (\d+) DISABLED TESTS?")
LIT_UNSUPPORTED = re.compile(r"^Unsupported Tests \((\d+)\):$")
LIT_NOTE = re.compile(r"\bnote: not available: (.*)$")
NOT_RUN = re.compile(r"^\s+\d+ - (.*) \((Skipped|Disabled|Not Run)\)$")
SAID = re.compile(r"(?i)^\s*skip(?:ped)?: (.*)$")
UNITTEST = re.compile(r"^(\w+) \(.*\.\.\. skipped (['\"])(.*)\2$")


def sections(text):
    """(name, lines of output) of each test in the log."""
    name, lines = None, []
    for line in text.splitlines():
        match = SECTION.match(line)
        if match:
            name, lines = match.group(1), []
        elif line == "<end of output>" and name is not None:
            yield name, lines
            name = None
        else:
            lines.append(line)


def gtest_skips(lines):
    """(test, reason) of each GTEST_SKIP: the reason stands between 'file:line: Skipped' and the closing line."""
    start = 0
    for index, line in enumerate(lines):
        if GTEST_RUN.match(line):
            start = index + 1
        match = GTEST_SKIP.match(line)
        if match:
            body = [text.strip() for text in lines[start:index]]
            after = next((i + 1 for i, text in enumerate(body) if re.search(r": Skipped$", text)), len(body))
            yield match.group(1), " ".join(text for text in body[after:] if text)


def read(log, output=""):
    """(skips as (name, reason or ''), other faults, number of tests) of a run, from its log and what ctest printed."""
    skips, faults, said = [], [], {}
    for name, lines in sections(log):
        said[name] = " ".join(match.group(1) for match in map(SAID.match, lines) if match)
        skips += [(f"{name}: {test}", reason) for test, reason in gtest_skips(lines)]
        notes = [match.group(1) for match in map(LIT_NOTE.search, lines) if match]
        for index, line in enumerate(lines):
            if GTEST_NONE.match(line):
                faults.append(f"{name}: this program ran no test")
            if GTEST_DISABLED.match(line):
                faults.append(f"{name}: {GTEST_DISABLED.match(line).group(1)} disabled tests")
            if UNITTEST.match(line):
                skips.append((f"{name}: {UNITTEST.match(line).group(1)}", UNITTEST.match(line).group(3)))
            if LIT_UNSUPPORTED.match(line):
                tests = lines[index + 1:index + 1 + int(LIT_UNSUPPORTED.match(line).group(1))]
                skips += [(f"{name}: {test.strip()}", "; ".join(notes)) for test in tests]
    skips += [(match.group(1), said.get(match.group(1), "")) for match in map(NOT_RUN.match, output.splitlines()) if match]
    return skips, faults, len(said)


def contents(path):
    with open(path, encoding="utf-8", errors="replace") as stream:
        return stream.read()


def main(arguments):
    if len(arguments) != 2:
        print("usage: skips.py LastTest.log OUTPUT", file=sys.stderr)
        return 2
    skips, faults, count = read(*map(contents, arguments))
    for name, reason in skips:
        print(f"skipped: {name}: {reason or 'NO REASON GIVEN'}")
    faults += [f"{name}: skipped without a reason" for name, reason in skips if not reason]
    faults += [] if count else [f"{arguments[0]}: no test ran"]
    for fault in faults:
        print(f"error: {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
