# The files of a source tree and what a checker says about them: shared by the checkers in this folder.
import os
import subprocess
from dataclasses import dataclass

CXX_SUFFIXES = (".cpp", ".h", ".hpp", ".c")


@dataclass(frozen=True, order=True)
class Finding:
    path: str
    line: int
    message: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.message}"


def _git_files(root):
    """The names that git knows or would add, or None where git or the repository is missing."""
    command = ["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        result = subprocess.run(command, capture_output=True, check=False)
    except OSError:
        return None
    # A folder inside another repository (a build folder, a temporary tree) is no repository of its own.
    if result.returncode != 0 or not os.path.exists(os.path.join(root, ".git")):
        return None
    return [name for name in result.stdout.decode().split("\0") if name]


def _walked_files(root):
    for folder, folders, names in os.walk(root):
        folders[:] = [f for f in folders if f not in (".git", "build", "__pycache__") and not f.startswith("build-")]
        for name in names:
            yield os.path.relpath(os.path.join(folder, name), root)


class Tree:
    """A source tree. Paths are relative to its root, with forward slashes."""

    def __init__(self, root):
        self.root = os.path.abspath(root)
        names = _git_files(self.root)
        names = _walked_files(self.root) if names is None else names
        self.files = sorted({n.replace(os.sep, "/") for n in names if os.path.isfile(os.path.join(self.root, n))})
        self._set = set(self.files)
        self._text = {}

    def has(self, path):
        return path in self._set

    def has_folder(self, path):
        return path in ("", ".") or any(name.startswith(path.rstrip("/") + "/") for name in self.files)

    def text(self, path):
        """The text of a file, or None if it is not text."""
        if path not in self._text:
            with open(os.path.join(self.root, path), "rb") as stream:
                data = stream.read()
            try:
                self._text[path] = None if b"\0" in data else data.decode("utf-8")
            except UnicodeDecodeError:
                self._text[path] = None
        return self._text[path]

    def lines(self, path):
        """(number, line) pairs, from 1; nothing for a file that is not text."""
        return enumerate((self.text(path) or "").splitlines(), 1)

    def select(self, prefixes=("",), suffixes=("",)):
        return [n for n in self.files if n.startswith(tuple(prefixes)) and n.endswith(tuple(suffixes))]
