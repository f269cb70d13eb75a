"""Checks a page of the documentation: its commands run, and its excerpts are in the files that they write.

Usage: check_doc.py PAGE, in the folder in which its commands are to run.

A block ```sh holds one command per line. After a comment <!-- excerpt of FILE -->, the lines of the next block are in
FILE, in their order, with anything where "..." stands. A block ```text right after commands is what the last one prints.
"""
import re
import subprocess
import sys


def blocks(page):
    """(line, language, FILE or None, lines of the block)."""
    inside, source = None, None
    for number, line in enumerate(page.splitlines(), 1):
        if inside:
            if line.startswith("```"):
                yield inside
                inside = source = None
            else:
                inside[3].append(line)
        elif line.startswith("```"):
            inside = (number, line[3:].strip(), source, [])
        elif match := re.fullmatch(r"<!-- excerpt of (\S+) -->", line):
            source = match.group(1)


def squeezed(text):
    return re.sub(r"\s+", " ", text)


def missing(lines, text):
    """The first piece of the excerpt that does not follow the pieces before it, or None."""
    text, at = squeezed(text), 0
    for line in lines:
        for piece in squeezed(line.strip()).split("..."):
            piece = piece.strip(" ,") if line.count("...") else piece.strip()
            found = text.find(piece, at)
            if found < 0:
                return piece
            at = found + len(piece)
    return None


def main(path):
    problems, commands, excerpts, printed = [], 0, 0, ""
    with open(path, encoding="utf-8") as stream:
        page = stream.read()
    for number, language, source, lines in blocks(page):
        if language == "sh":
            for command in lines:
                result = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=120, check=False)
                commands, printed = commands + 1, result.stdout
                if result.returncode != 0:
                    problems.append(f"{path}:{number}: {command}\n{result.stderr}")
        elif source or language == "text":
            if source:
                with open(source, encoding="utf-8") as stream:
                    printed = stream.read()
            excerpts += 1
            if (piece := missing(lines, printed)) is not None:
                problems.append(f"{path}:{number}: {source or 'the output of the last command'} does not hold: {piece}")
    print(*problems, f"{commands} commands, {excerpts} excerpts, {len(problems)} problems", sep="\n")
    return 1 if problems or not commands else 0


sys.exit(main(sys.argv[1]))
