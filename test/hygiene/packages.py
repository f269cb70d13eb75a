# cmake/debian-packages.txt against the table of docs/rationale/0001-dependencies.md: each package has one row with a reason.
import re

from tree import Finding

LIST, PAGE = "cmake/debian-packages.txt", "docs/rationale/0001-dependencies.md"
ROW = re.compile(r"^\|\s*`([a-z0-9][a-z0-9+.-]+)`\s*\|\s*(\S.*?)\s*\|$")


def check(tree):
    findings = [Finding(path, 1, "is missing") for path in (LIST, PAGE) if not tree.has(path)]
    if findings:
        return findings
    listed = {line.split("#")[0].strip(): number for number, line in tree.lines(LIST)}
    listed.pop("", None)
    rows = {match.group(1): number for number, match in ((n, ROW.match(line)) for n, line in tree.lines(PAGE)) if match}
    findings += [Finding(LIST, listed[name], f"{name} has no row in {PAGE}") for name in listed.keys() - rows.keys()]
    findings += [Finding(PAGE, rows[name], f"{name} is not in {LIST}") for name in rows.keys() - listed.keys()]
    return findings
