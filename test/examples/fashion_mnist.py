#!/usr/bin/env python3
# fashion_mnist.py DEMO OUT: runs the example on 512 images and checks everything that it writes.
import ast
import json
import os
import shutil
import struct
import subprocess
import sys

LIMIT = 512
MODELS = ["float", "w8a8", "w4a4", "w2a8", "w1a1"]
FIELDS = ["model", "accuracy_before_freeze", "accuracy_frozen", "accuracy_compiled", "mismatched_outputs", "weight_bytes", "arena_bytes",
          "object_bytes", "ns_per_image", "train_seconds", "train_gflops"]
LOGITS = ["logits_frozen", "logits_jit_t1_b256", "logits_jit_t2_b7", "logits_object_b1"]
DATA = "/usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz"


def read_npy(path):
    """(descr, shape, bytes of the elements) of a .npy file of format 1.0."""
    with open(path, "rb") as stream:
        data = stream.read()
    assert data[:8] == b"\x93NUMPY\x01\x00", f"{path} is no .npy file"
    end = 10 + struct.unpack("<H", data[8:10])[0]
    header = ast.literal_eval(data[10:end].decode("latin1").strip())
    return header["descr"], header["shape"], data[end:]


def check_model(folder, row):
    name = row["model"]
    assert list(row) == FIELDS, f"{name} has the fields {list(row)}"
    assert row["mismatched_outputs"] == 0, f"{name}: {row['mismatched_outputs']} outputs differ"
    for field in FIELDS[1:4]:
        assert 0 <= row[field] <= 100, f"{name}: {field} is {row[field]}"
    assert row["accuracy_compiled"] == row["accuracy_frozen"], f"{name}: frozen and compiled code differ in accuracy"
    assert all(row[field] > 0 for field in FIELDS[5:]), f"{name} has a size or time of 0: {row}"
    first = None
    for array in LOGITS:
        descr, shape, elements = read_npy(os.path.join(folder, name, array + ".npy"))
        assert (descr, shape) == ("<f4", (LIMIT, 10)), f"{name}/{array} is {descr} {shape}"
        first = elements if first is None else first
        assert elements == first, f"{name}/{array} has other bytes than {LOGITS[0]}"
    for file in ["frozen.mlir", "weights.safetensors", "report.txt"]:
        assert os.path.getsize(os.path.join(folder, name, file)) > 0, f"{name}/{file} is empty"


def check_mistakes(demo, out):
    """Each mistake is one error and status 1, before anything is made or trained."""
    text = subprocess.run([demo, "--help"], stdout=subprocess.PIPE, text=True, check=True).stdout
    assert all(flag in text for flag in ["--models", "--seeds", "--epochs", "--out"]), f"--help says:\n{text}"
    cases = [(["--models", "foo"], "there is no model 'foo'; known: float w8a8 w4a4 w2a8 w1a1"), (["--models", "w8a8,fo"], "there is no model 'fo'"),
             (["--seeds", "0"], "--seeds: Value 0 not in range 1 to 1000"), (["--epochs", "0"], "--epochs: Value 0 not in range"),
             (["--model", "float"], "not expected"), (["--data", os.path.join(out, "none")], "cannot read this file of Fashion-MNIST")]
    for words, message in cases:
        done = subprocess.run([demo, "--out", out, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
        assert done.returncode == 1 and message in done.stderr and not done.stdout, f"{words}: status {done.returncode}, {done.stdout}{done.stderr}"
    assert not os.path.exists(out), "a mistake left a folder"
    done = subprocess.run([demo, "--out", os.path.join(demo, "sub"), "--limit", "256"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1 and "--out: results cannot be written to this folder" in done.stderr, done.stderr


def main():
    demo, out = sys.argv[1:]
    if not os.path.exists(DATA):
        print(f"Skipped: no {DATA} (Debian package dataset-fashion-mnist)")
        return 77
    shutil.rmtree(out, ignore_errors=True)
    os.makedirs(os.path.dirname(out), exist_ok=True)
    check_mistakes(demo, out)
    subprocess.run([demo, "--out", out, "--limit", str(LIMIT), "--epochs", "1", "--frozen-epochs", "1"], check=True)
    with open(os.path.join(out, "results.json"), encoding="ascii") as stream:
        rows = json.load(stream)
    assert [row["model"] for row in rows] == MODELS, f"results.json has {[row['model'] for row in rows]}"
    for row in rows:
        check_model(out, row)
    size = {row["model"]: row["weight_bytes"] for row in rows}
    assert size["w1a1"] * 12 <= size["float"], f"w1a1 takes {size['w1a1']} bytes, float {size['float']}"
    print("results and arrays of all five networks are as they should be")
    return 0


if __name__ == "__main__":
    sys.exit(main())
