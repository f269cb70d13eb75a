# Lit files that would pass without testing anything: no RUN line, CHECK lines that no FileCheck reads, prefixes without a line,
# expected diagnostics that nobody verifies, files that lit does not look at.
import re
import shlex

from tree import Finding

SUFFIXES = (".mlir", ".test")
OUTSIDE = re.compile(r"^test/(unit|hygiene|downstream|bench)/|/Inputs/")
RUN = re.compile(r"\b(?:RUN|DEFINE|REDEFINE):\s?(.*)$")
KINDS = r"(?:-NEXT|-SAME|-NOT|-DAG|-LABEL|-EMPTY|-COUNT-\d+)?(?:\{LITERAL\})?"
CHECK_LIKE = re.compile(r"(?<![A-Za-z0-9_-])((?:[A-Z][A-Z0-9_]*-)*CHECK(?:-[A-Z0-9_]+)*?)" + KINDS + ":")
DIAGNOSTIC = re.compile(r"//\s*expected-(error|warning|remark|note)\b")
# Options of FileCheck whose value may be the next word.
WITH_VALUE = {"check-prefix", "check-prefixes", "comment-prefixes", "input-file", "implicit-check-not", "dump-input",
              "dump-input-context", "dump-input-filter"}


def run_text(tree, path):
    """(line of the first RUN line, the text of all RUN lines and the lit definitions that they use)."""
    first, parts = None, []
    for number, line in tree.lines(path):
        match = RUN.search(line)
        if match:
            first = first or number
            text = match.group(1).rstrip()
            parts.append(text[:-1] + " " if text.endswith("\\") else text + "\n")
    return first, "".join(parts)


def file_checks(text):
    """(check file, prefixes) of each FileCheck in the text of RUN lines."""
    for command in re.split(r"\n|\||&&|;", text):
        try:
            words = shlex.split(command, comments=False)
        except ValueError:
            words = command.split()
        names = [i for i, word in enumerate(words) if word.rsplit("/", 1)[-1] in ("FileCheck", "FileCheck-22")]
        if not names:
            continue
        prefixes, files, rest = [], [], iter(words[names[0] + 1:])
        for word in rest:
            if word.startswith("-"):
                option, _, value = word.lstrip("-").partition("=")
                if option in WITH_VALUE and not value:
                    value = next(rest, "")
                if option in ("check-prefix", "check-prefixes"):
                    prefixes += value.split(",")
            elif word[:1] not in "<>2}":
                files.append(word)
        yield (files or [""])[0], prefixes or ["CHECK"]


def _check_file(tree, path):
    first, text = run_text(tree, path)
    if first is None:
        yield Finding(path, 1, "no RUN line: this test runs nothing")
        return
    used = set()
    for where, prefixes in file_checks(text):
        own = where in ("%s", "%{s}")
        other = where.replace("%S", path.rsplit("/", 1)[0]) if where.startswith("%S/") else None
        checked = path if own else other
        used |= set(prefixes) if own or not checked else set()
        if checked is None:
            continue
        if not tree.has(checked):
            yield Finding(path, first, f"FileCheck reads {checked}, which does not exist")
            continue
        for prefix in prefixes:
            directive = re.compile(r"(?<![A-Za-z0-9_-])" + re.escape(prefix) + KINDS + ":")
            if not any(directive.search(line) and not RUN.search(line) for _, line in tree.lines(checked)):
                yield Finding(path, first, f"FileCheck looks for {prefix}: lines, and {checked} has none")
    verifies = "verify-diagnostics" in text
    for number, line in tree.lines(path):
        if RUN.search(line):
            continue
        match = CHECK_LIKE.search(line)
        if match and match.group(1) not in used:
            yield Finding(path, number, f"{match.group(1)}: is read by no FileCheck of this file's RUN lines")
        if DIAGNOSTIC.search(line) and not verifies:
            yield Finding(path, number, "expected diagnostics, and no RUN line with --verify-diagnostics")


def check(tree):
    findings = []
    files = [path for path in tree.select(["test/"], SUFFIXES) if not OUTSIDE.search(path)]
    for path in files:
        findings += _check_file(tree, path)
    print(f"litfiles: {len(files)} files")
    return findings
