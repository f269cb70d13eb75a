#!/usr/bin/env python3
# check.py ROOT CHECKER: runs one checker over a source tree, prints file:line: message, exits with 1 if it found anything.
import importlib
import os
import sys

CHECKERS = ("layering", "lengths", "litfiles", "text", "links", "unbuilt", "packages")


def main(arguments):
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    from tree import Tree

    if len(arguments) != 2 or arguments[1] not in CHECKERS or not os.path.isdir(arguments[0]):
        print(f"usage: check.py ROOT {'|'.join(CHECKERS)}", file=sys.stderr)
        return 2
    tree = Tree(arguments[0])
    if not tree.files:
        print(f"check.py: no files in {tree.root}", file=sys.stderr)
        return 2
    findings = sorted(set(importlib.import_module(arguments[1]).check(tree)))
    for finding in findings:
        print(finding)
    print(f"{arguments[1]}: {len(findings)} findings in {len(tree.files)} files of the tree")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
