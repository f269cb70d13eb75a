# The examples in the documentation of the ops are tests: every op has one, it shows the op, and nibble-opt reads what it prints.
#
#   doc_examples.py LLVM_TBLGEN NIBBLE_OPT INCLUDE_DIRS(;) FILE.td...
#
# An example is a ```mlir block in the description of an op: a whole module's text (types, attributes, functions).
import json
import re
import subprocess
import sys
import textwrap

BLOCK = re.compile(r"^([ \t]*)```mlir\n(.*?)^[ \t]*```[ \t]*$", re.S | re.M)


def ops(tblgen, includes, path):
    """(name, description) of each op that a file defines itself or includes."""
    flags = [f"-I{directory}" for directory in includes]
    records = json.loads(subprocess.run([tblgen, "--dump-json", *flags, path], check=True, capture_output=True).stdout)
    for name in records["!instanceof"].get("Op", []):
        op = records[name]
        dialect = records[op["opDialect"]["def"]]["name"]
        yield f"{dialect}.{op['opName']}", op.get("description") or ""


def round_trip(opt, text):
    """What is wrong with an example, or None; and what it prints as."""
    printed = []
    for source in (text, None):
        run = subprocess.run([opt, "-"], input=source if source is not None else printed[0], capture_output=True, text=True, timeout=60)
        if run.returncode:
            return f"nibble-opt {'cannot read it' if not printed else 'cannot read what it printed'}:\n{run.stderr}", None
        printed.append(run.stdout)
    if printed[0] != printed[1]:
        return f"is printed differently the second time:\n{printed[0]}\n{printed[1]}", None
    return None, printed[0]


def problems(opt, name, description):
    blocks = [textwrap.dedent(match.group(2)) for match in BLOCK.finditer(description)]
    if not blocks:
        yield "has no example: its description needs a ```mlir block"
        return
    shown = False
    for text in blocks:
        problem, printed = round_trip(opt, text)
        if problem:
            yield f"has an example that does not work; {problem}\n{text}"
        else:
            shown |= re.search(rf"(?<![\w.\"]){re.escape(name)}(?![\w.])", printed) is not None
            if "func.func" not in printed and f"{name} @" not in printed:
                yield "has an example without a function"
    if not shown:
        yield "does not occur in its own example"


def main(arguments):
    tblgen, opt, includes, *files = arguments
    checked = failed = 0
    for path in files:
        for name, description in ops(tblgen, [d for d in includes.split(";") if d], path):
            checked += 1
            for problem in problems(opt, name, description):
                failed += 1
                print(f"{path}: {name} {problem}")
    print(f"{checked} ops, {failed} problems")
    return 0 if checked and not failed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
