# Relative links of README.md and docs/**/*.md: the file exists, and so does the heading that the link names.
import posixpath
import re
from urllib.parse import unquote

from tree import Finding

LINK = re.compile(r"!?\[[^\]]*\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)|^\s*\[[^\]]+\]:\s+<?(\S+?)>?\s*$")
CODE = re.compile(r"`[^`]*`")
SCHEME = re.compile(r"^[a-zA-Z][a-zA-Z0-9+.-]*:|^//")


def prose(tree, path):
    """(number, line) outside of fenced code blocks, without inline code."""
    fence = None
    for number, line in tree.lines(path):
        mark = line.lstrip()[:3]
        if mark in ("```", "~~~") and fence in (None, mark):
            fence = None if fence else mark
        elif fence is None:
            yield number, line


def anchors(tree, path):
    """The fragments that a Markdown renderer gives to the headings of a file."""
    found = set()
    for _, line in prose(tree, path):
        heading = re.match(r"#{1,6}\s+(.*?)\s*#*$", line)
        if heading:
            text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading.group(1)).lower()
            slug = re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
            copies = sum(1 for known in found if re.fullmatch(re.escape(slug) + r"(-\d+)?", known))
            found.add(f"{slug}-{copies}" if copies else slug)
        found.update(re.findall(r'<a (?:id|name)="([^"]+)"', line))
    return found


def check(tree):
    findings = []
    for path in [name for name in tree.select(suffixes=(".md",)) if name == "README.md" or name.startswith("docs/")]:
        for number, line in prose(tree, path):
            for match in LINK.finditer(CODE.sub("", line)):
                link = match.group(1) or match.group(2)
                if SCHEME.match(link):
                    continue
                name, _, fragment = link.partition("#")
                if name.startswith("/"):
                    findings.append(Finding(path, number, f"{link} is not a relative link"))
                    continue
                target = posixpath.normpath(posixpath.join(posixpath.dirname(path), unquote(name))) if name else path
                if not tree.has(target) and not tree.has_folder(target):
                    findings.append(Finding(path, number, f"{link} leads to no file"))
                elif fragment and target.endswith(".md") and fragment not in anchors(tree, target):
                    findings.append(Finding(path, number, f"{target} has no heading #{fragment}"))
    return findings
