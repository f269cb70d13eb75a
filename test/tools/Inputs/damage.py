"""Runs a tool on damaged copies of a file: each must end with status 1, one error message at least, and no output.

Usage: damage.py FILE OUTPUT COMMAND... where the word @ in COMMAND stands for the damaged copy.
"""
import os
import subprocess
import sys

path, output, command = sys.argv[1], sys.argv[2], sys.argv[3:]
copy = output + ".damaged"
with open(path, "rb") as stream:
    good = stream.read().rstrip()


def run(what, data):
    """Whether the tool refused `data` as it should."""
    with open(copy, "wb") as stream:
        stream.write(data)
    words = [copy if word == "@" else word for word in command]
    result = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, check=False)
    problems = []
    if result.returncode != 1:
        problems.append(f"exit status {result.returncode}")
    if b"error: " not in result.stderr:
        problems.append("no error message")
    if len(result.stderr) > 10000:
        problems.append(f"{len(result.stderr)} bytes of messages")
    if os.path.exists(output):
        problems.append("it wrote its output")
        os.remove(output)
    if problems:
        print(f"{what}: {', '.join(problems)}\n{result.stderr[-2000:].decode(errors='replace')}")
    return not problems


def outside_strings(at):
    """The first place from `at` on that is in no string of a module: there, any bytes are good."""
    if path.endswith(".mlir") and good.count(b'"', 0, at) % 2:
        return good.index(b'"', at) + 1
    return at


lengths = sorted({len(good) * i // 16 for i in range(1, 16)} | {1, 2, 10, 100, len(good) - 1})
ok = [run(f"the first {n} of {len(good)} bytes", good[:n]) for n in lengths]
ok += [run(f"a {bytes([byte])!r} at {at}", good[:at] + bytes([byte]) + good[at + 1:])
       for at in map(outside_strings, (0, len(good) // 3, len(good) // 2)) for byte in (0, 0x80, 0xff)]
ok += [run("the second half", good[len(good) // 2:]), run("twice", good + b"\n" + good + b"}")]
print(f"{sum(ok)} of {len(ok)} refused")
sys.exit(0 if all(ok) else 1)
