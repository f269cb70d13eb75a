#!/usr/bin/env python3
# Tests of the checkers: each gets a small tree with one planted violation and must report that line, and a clean tree and
# must report nothing.
import contextlib
import io
import os
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import check as runner
import layering
import lengths
import links
import litfiles
import packages
import skips
import text
import unbuilt
from tree import Tree


class TreeCase(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = folder.name

    def write(self, files):
        for path, content in files.items():
            full = os.path.join(self.root, path)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "w", encoding="utf-8") as stream:
                stream.write(content)

    def found(self, checker, files):
        """The findings of a checker in a tree of these files, as (path, line)."""
        self.write(files)
        with contextlib.redirect_stdout(io.StringIO()):
            return [(f.path, f.line) for f in sorted(set(checker.check(Tree(self.root))))]

    def message(self, checker, files):
        self.write(files)
        with contextlib.redirect_stdout(io.StringIO()):
            return "\n".join(map(str, checker.check(Tree(self.root))))


class TreeTest(TreeCase):
    def test_git_names_tracked_and_new_files_but_not_ignored_ones(self):
        self.write({".gitignore": "/build/\n", "a.cpp": "", "build/b.cpp": ""})
        subprocess.run(["git", "init", "-q", self.root], check=True)
        self.assertEqual(Tree(self.root).files, [".gitignore", "a.cpp"])

    def test_without_git_the_folder_is_walked(self):
        self.write({"x/a.cpp": "", "build/b.cpp": "", "build-asan/c.cpp": "", "x/__pycache__/d.pyc": ""})
        self.assertEqual(Tree(self.root).files, ["x/a.cpp"])

    def test_binary_files_have_no_lines(self):
        self.write({"a.bin": "x\0y"})
        self.assertEqual(list(Tree(self.root).lines("a.bin")), [])


class LayeringTest(TreeCase):
    CLEAN = {
        "dialects/N/N.h": '#include "mlir/IR/Dialect.h"\n#include "dialects/N/N.h.inc"\n#include <vector>\n',
        "dialects/N/N.td": 'include "mlir/IR/OpBase.td"\ninclude "N/Base.td"\n',
        "dialects/N/Base.td": "",
        "compiler/Layout/L.cpp": '#include "dialects/N/N.h"\n#include "xbyak/xbyak.h"\n#include <nlohmann/json.hpp>\n',
        "compiler/tools/t.cpp": '#include "compiler/Layout/L.h"\n#include <CLI/CLI.hpp>\n#include <nibble/graph.h>\n',
        "runtime/include/nibble/runtime.h": "#include <stdint.h>\n",
        "runtime/cpu/c.cpp": '#include <nibble/runtime.h>\n#include <sys/mman.h>\n#include <omp.h>\n',
        "frontend/include/nibble/graph.h": "#include <nibble/runtime.h>\n#include <string>\n",
        "frontend/lib/g.cpp": '#include <nibble/graph.h>\n#include "compiler/Layout/L.h"\n',
        "frontend/examples/e.cpp": "#include <nibble/graph.h>\n",
        "test/unit/T.cpp": '#include <gtest/gtest.h>\n#include "llvm/ADT/STLExtras.h"\n',
    }

    def test_clean(self):
        self.assertEqual(self.found(layering, self.CLEAN), [])

    def test_each_layer(self):
        planted = {
            "dialects/N/N.cpp": "compiler/Graph/G.h",
            "dialects/N/X.cpp": "xbyak/xbyak.h",
            "compiler/Layout/F.cpp": "nibble/graph.h",
            "compiler/Layout/C.cpp": "CLI/CLI.hpp",
            "compiler/tools/r.cpp": "runtime/cpu/c.h",
            "compiler/tools/f.cpp": "frontend/lib/g.h",
            "runtime/cpu/g.cpp": "nibble/graph.h",
            "runtime/cpu/l.cpp": "llvm/ADT/STLExtras.h",
            "runtime/cpu/f.cpp": "frontend/lib/g.h",
            "frontend/lib/m.cpp": "mlir/IR/Builders.h",
            "frontend/lib/d.cpp": "dialects/N/N.h",
            "frontend/examples/c.cpp": "compiler/Layout/L.h",
            "compiler/Layout/U.cpp": "nobody/knows.hpp",
        }
        files = {path: f'// text\n#include "{name}"\n' for path, name in planted.items()}
        self.assertEqual(self.found(layering, {**self.CLEAN, **files}), [(path, 2) for path in sorted(planted)])

    def test_an_include_names_its_layer(self):
        files = {"compiler/Layout/A.cpp": '#include "A.h"\n', "compiler/Layout/A.h": ""}
        self.assertIn('compiler/Layout/A.cpp:1: "A.h" does not name its layer; write "compiler/Layout/A.h"',
                      self.message(layering, files))

    def test_td_files(self):
        self.assertEqual(self.found(layering, {"dialects/N/N.td": 'include "compiler/P.td"\n'}), [("dialects/N/N.td", 1)])

    def test_an_installed_header_reaches_llvm_through_another(self):
        files = {
            "frontend/include/nibble/nibble.h": "#include <nibble/compile.h>\n",
            "frontend/include/nibble/compile.h": '\n#include "frontend/lib/impl.h"\n',
            "frontend/lib/impl.h": '#include "compiler/Emit/Jit.h"\n',
            "compiler/Emit/Jit.h": '#include "mlir/IR/BuiltinOps.h"\n',
        }
        said = self.message(layering, files)
        self.assertIn("frontend/include/nibble/nibble.h:1: reaches mlir/IR/BuiltinOps.h (through", said)
        self.assertIn("compiler/Emit/Jit.h:1)", said)
        self.assertIn("frontend/include/nibble/compile.h:2: reaches frontend/lib/impl.h;", said)

    def test_an_installed_header_of_the_runtime(self):
        files = {"runtime/include/nibble/runtime.h": '#include "xbyak/xbyak.h"\n'}
        self.assertIn("runtime/include/nibble/runtime.h:1: reaches xbyak/xbyak.h;", self.message(layering, files))


class LengthsTest(TreeCase):
    def test_limits(self):
        short = {f"compiler/s{i}.cpp": "\n" * 100 for i in range(40)}
        self.assertEqual(self.found(lengths, {**short, "compiler/a.cpp": "\n" * 1000, "dialects/a.td": "\n" * 400}), [])
        self.assertEqual(self.found(lengths, {"compiler/a.cpp": "\n" * 1001, "dialects/a.td": "\n" * 401}),
                         [("compiler/a.cpp", 1001), ("dialects/a.td", 401)])

    def test_share_of_long_files(self):
        short = {f"compiler/s{i}.cpp": "\n" for i in range(18)}
        self.assertEqual(self.found(lengths, {**short, "compiler/a.cpp": "\n" * 600, "compiler/b.cpp": "\n" * 601}), [])
        self.assertEqual(self.found(lengths, {"compiler/a.cpp": "\n" * 601}), [("compiler/a.cpp", 601), ("compiler/b.cpp", 601)])

    def test_an_empty_tree_is_a_finding(self):
        self.assertEqual(self.found(lengths, {}), [(".", 1)])


class LitfilesTest(TreeCase):
    def test_clean(self):
        self.assertEqual(self.found(litfiles, {
            "test/a.mlir": "// RUN: nibble-opt %s | FileCheck %s\n// CHECK-LABEL: f\n// CHECK-NEXT: g\n",
            "test/b.test": "# RUN: x 2>&1 \\\n# RUN:   | FileCheck --check-prefix=ERR --check-prefixes=A,B-C %s\n# ERR: e\n# A-SAME: a\n"
                           "# B-C-COUNT-2: b\n",
            "test/c.mlir": "// RUN: nibble-opt %s --verify-diagnostics\n// expected-error@+1 {{x}}\n",
            "test/d.mlir": "// RUN: x | FileCheck %S/Inputs/d.txt\n",
            "test/Inputs/d.txt": "CHECK: d\n",
            "test/Inputs/e.mlir": "// CHECK: not a test\n",
            "test/unit/f.mlir": "// CHECK: not a test\n",
            "test/g.test": "RUN: not x %s 2>&1 | FileCheck %s --implicit-check-not error --check-prefix NO\nNO-NOT: g\n",
        }), [])

    def test_check_lines_without_filecheck(self):
        self.assertEqual(self.found(litfiles, {"test/a.mlir": "// RUN: nibble-opt %s\n\n// CHECK: f\n"}), [("test/a.mlir", 3)])

    def test_a_prefix_without_lines(self):
        self.assertEqual(self.found(litfiles, {"test/a.mlir": "// RUN: a | FileCheck %s --check-prefixes=CHECK,OTHER\n// CHECK: f\n"}),
                         [("test/a.mlir", 1)])

    def test_lines_without_their_prefix(self):
        self.assertEqual(self.found(litfiles, {"test/a.mlir": "// RUN: a | FileCheck %s\n// CHECK: f\n// CHECK-X: g\n// X-CHECK-DAG: h\n"}),
                         [("test/a.mlir", 3), ("test/a.mlir", 4)])

    def test_no_run_line(self):
        self.assertEqual(self.found(litfiles, {"test/x/a.test": "// CHECK: f\n"}), [("test/x/a.test", 1)])

    def test_diagnostics_that_nobody_verifies(self):
        self.assertEqual(self.found(litfiles, {"test/a.mlir": "// RUN: nibble-opt %s\n// expected-error {{x}}\n"}), [("test/a.mlir", 2)])

    def test_a_check_file_that_is_missing(self):
        self.assertEqual(self.found(litfiles, {"test/a.test": "# RUN: x | FileCheck %S/Inputs/none\n"}), [("test/a.test", 1)])


class TextTest(TreeCase):
    def test_clean(self):
        self.assertEqual(self.found(text, {"compiler/tools/a.cpp": "llvm::cl::opt<int> x;\n", "README.md": "https://x.org/home and/or /usr/lib\n",
                                           "scripts/a": 'mktemp a.XXXXXX; ls "$root/work"\n'}), [])

    def test_global_options(self):
        self.assertEqual(self.found(text, {"compiler/A.cpp": "\nstatic llvm::cl::opt<int> x;\n", "frontend/lib/B.cpp": "cl::list<int> x;\n"}),
                         [("compiler/A.cpp", 2), ("frontend/lib/B.cpp", 1)])

    def test_machine_paths(self):
        self.assertEqual(self.found(text, {"a.md": "see /" + "home/ann/x\n", "b.txt": '\n"/' + 'work"\n', "c.sh": "cd /" + "root\n"}),
                         [("a.md", 1), ("b.txt", 2), ("c.sh", 1)])

    def test_marks(self):
        for mark in ("TO" + "DO", "FIX" + "ME", "X" + "XX"):
            self.assertEqual(self.found(text, {"a.cpp": f"// {mark}(me): later\n"}), [("a.cpp", 1)], mark)


class LinksTest(TreeCase):
    DOCS = {"docs/a.md": "# One `two`: three\n\n## Same\n## Same\n", "docs/rationale/b.md": "x\n", "LICENSE": ""}

    def test_clean(self):
        self.assertEqual(self.found(links, {**self.DOCS, "README.md": "[a](docs/a.md) [b](docs/a.md#one-two-three) [c](https://x.org/no.md)\n"
                                            "[d](#here) [e](docs/rationale/) `[f](no.md)`\n```\n[g](no.md)\n```\n# Here\n[h]: LICENSE\n[i](docs/a.md#same-1)\n"}), [])

    def test_missing_files_and_headings(self):
        self.assertEqual(self.found(links, {**self.DOCS, "README.md": "[a](docs/none.md)\n[b](docs/a.md#four)\n[c]: none\n![d](x.png)\n",
                                            "docs/c.md": "[a](docs/a.md)\n[b](/LICENSE)\n[c](rationale/b.md)\n"}),
                         [("README.md", 1), ("README.md", 2), ("README.md", 3), ("README.md", 4), ("docs/c.md", 1), ("docs/c.md", 2)])


class UnbuiltTest(TreeCase):
    def test_sources_and_their_cmake_files(self):
        files = {"compiler/L/CMakeLists.txt": "add_library(x A.cpp sub/B.cpp)", "compiler/L/A.cpp": "", "compiler/L/sub/B.cpp": "",
                 "compiler/L/XA.cpp": "", "compiler/M/A.cpp": "",
                 "runtime/core/CMakeLists.txt": "add_library(r ../cpu/c.cpp ${CMAKE_SOURCE_DIR}/runtime/d.c)", "runtime/cpu/c.cpp": "",
                 "runtime/d.c": "", "test/unit/l.cmake": "nibble_gtest(t LTest.cpp)", "test/unit/LTest.cpp": "", "test/unit/MTest.cpp": "",
                 "frontend/examples/CMakeLists.txt": "file(GLOB all *.cpp)", "frontend/examples/e.cpp": ""}
        self.assertEqual(self.found(unbuilt, files), [("compiler/L/XA.cpp", 1), ("compiler/M/A.cpp", 1), ("test/unit/MTest.cpp", 1)])


class PackagesTest(TreeCase):
    def test_list_and_table(self):
        page = "docs/rationale/0001-dependencies.md"
        self.assertEqual(self.found(packages, {"cmake/debian-packages.txt": "# all\ng++\ncmake\n", page: "| `cmake` | x |\n| `g++` | y |\n"}), [])
        self.assertEqual(self.found(packages, {page: "| `cmake` | x |\n| `git` | z |\n| `g++` | |\n"}),
                         [("cmake/debian-packages.txt", 2), (page, 2)])

    def test_a_missing_file(self):
        self.assertEqual(len(self.found(packages, {})), 2)


class RunnerTest(TreeCase):
    def run_checker(self, *arguments):
        with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()):
            return runner.main(list(arguments)), out.getvalue()

    def test_exit_status(self):
        self.write({"compiler/a.cpp": "\n"})
        self.assertEqual(self.run_checker(self.root, "lengths")[0], 0)
        self.write({"compiler/a.cpp": "\n" * 1001})
        status, out = self.run_checker(self.root, "lengths")
        self.assertEqual(status, 1)
        self.assertIn("compiler/a.cpp:1001: 1001 lines", out)

    def test_wrong_arguments_and_empty_trees_fail(self):
        self.assertEqual(self.run_checker(self.root, "lengths")[0], 2)
        self.assertEqual(self.run_checker(self.root, "none")[0], 2)
        self.assertEqual(self.run_checker(), (2, ""))


def section(name, body):
    return f"1/2 Testing: {name}\n1/2 Test: {name}\nOutput:\n----\n{body}\n<end of output>\nTest time = 0.01 sec\n----\nTest Passed.\n"


class SkipsTest(unittest.TestCase):
    GTEST = "[ RUN      ] A.b\nfile.cpp:3: Skipped\n{}\n\n[  SKIPPED ] A.b (0 ms)\n"
    OUTPUT = "The following tests did not run:\n\t  3 - c (Skipped)\n"

    def test_reasons_are_found(self):
        log = section("g", self.GTEST.format("the data are absent"))
        log += section("l", "lit.cfg.py:60: note: not available: has-avx2 (none)\nUnsupported Tests (1):\n  nibble :: a.mlir\n")
        log += section("u", "test_x (t.T.test_x) ... skipped 'no tool'") + section("c", "skipped: no emulator")
        self.assertEqual(skips.read(log, self.OUTPUT), ([("g: A.b", "the data are absent"), ("l: nibble :: a.mlir", "has-avx2 (none)"),
                                                         ("u: test_x", "no tool"), ("c", "no emulator")], [], 4))

    def test_missing_reasons_are_found(self):
        log = section("g", self.GTEST.format("")) + section("l", "Unsupported Tests (1):\n  nibble :: a.mlir\n")
        log += section("u", "test_x (t.T.test_x) ... skipped ''") + section("c", "")
        self.assertEqual([reason for _, reason in skips.read(log, self.OUTPUT + "\t  4 - d (Disabled)\n")[0]], [""] * 5)

    def test_programs_without_tests_and_disabled_tests_are_faults(self):
        log = section("g", "[==========] Running 0 tests from 0 test suites.") + section("d", "  YOU HAVE 2 DISABLED TESTS\n")
        self.assertEqual(skips.read(log)[1], ["g: this program ran no test", "d: 2 disabled tests"])

    def test_exit_status(self):
        for log, status in ((section("a", ""), 0), ("", 1), (section("g", self.GTEST.format("")), 1), (section("g", self.GTEST.format("why")), 0)):
            with tempfile.NamedTemporaryFile("w", suffix=".log") as stream, contextlib.redirect_stdout(io.StringIO()):
                stream.write(log)
                stream.flush()
                self.assertEqual(skips.main([stream.name, os.devnull]), status, log)


if __name__ == "__main__":
    unittest.main()
