#!/usr/bin/env python3
# fashion_mnist.py DEMO OUT: runs the example on 512 images and checks everything that it writes.
import ast
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import xml.etree.ElementTree

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
    check_report(os.path.join(folder, name), row)


def check_report(folder, row):
    name = row["model"]
    with open(os.path.join(folder, "report.json"), encoding="utf-8") as stream:
        report = json.load(stream)
    assert report["name"] == "fashion_" + name and report["constant_bytes"] == row["weight_bytes"], f"{name}: a report of {report['name']}"
    contractions = {layer["name"]: layer for layer in report["layers"] if "kernel" in layer}
    assert list(contractions) == ["conv1", "conv2", "conv3", "conv4", "fc"], f"{name} has the layers {list(contractions)}"
    taps = {size: 3 * size - 2 for size in (28, 14, 7, 3)}  # of 3, along one side of an image with one pixel of padding
    inside = {size: 3 * size if name == "w1a1" and size < 28 else taps[size] for size in taps}  # binary padding is computed with
    macs = [inside[28]**2 * 32, inside[14]**2 * 32 * 32, inside[7]**2 * 32 * 64, inside[3]**2 * 64 * 128, 1280]
    assert [layer["macs"] for layer in contractions.values()] == macs, f"{name}: {[layer['macs'] for layer in contractions.values()]} operations"
    profile = report["profile"]
    assert (profile["images"], profile["threads"], profile["repeat"]) == (256, 1, 20), f"{name}: {profile}"
    for layer in report["layers"]:
        assert layer["steps"] and layer["bytes_read"] > 0 and layer["bytes_written"] > 0, f"{name}: {layer}"
        assert 0 < layer["time"]["min_ns"] <= layer["time"]["median_ns"], f"{name}: {layer}"
    sum_ns = sum(layer["time"]["min_ns"] for layer in report["layers"])
    assert sum_ns <= profile["total"]["min_ns"], f"{name}: layers take {sum_ns} ns, all of them {profile['total']}"
    with open(os.path.join(folder, "learning.json"), encoding="ascii") as stream:
        curve = json.load(stream)
    assert [(epoch["epoch"], epoch["frozen"]) for epoch in curve] == [(1, False), (2, True)], f"{name}: {curve}"
    assert all(epoch["loss"] > 0 and 0 <= epoch["validation_accuracy"] <= 100 for epoch in curve), f"{name}: {curve}"


def check_page(path):
    """XML that names no other file, with four charts and a table of layers for each network."""
    page = xml.etree.ElementTree.parse(path).getroot()
    tags = [element.tag.rsplit("}", 1)[-1] for element in page.iter()]
    assert tags.count("svg") == 4 and tags.count("table") == 2 + len(MODELS), f"{path}: {tags.count('svg')} charts, {tags.count('table')} tables"
    assert not {"script", "link", "img", "iframe"} & set(tags), f"{path} has {set(tags)}"
    assert not any(key.rsplit("}", 1)[-1] in ("href", "src") for element in page.iter() for key in element.attrib), f"{path} refers to a file"
    text = " ".join(page.itertext())
    assert all(f"Layers of {name}" in text for name in MODELS), f"{path} lacks a network"


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
    command = [demo, "--out", out, "--limit", str(LIMIT), "--epochs", "1", "--frozen-epochs", "1"]
    text = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    print(text)
    assert re.search(r"^layer +float +w8a8 +w4a4 +w2a8 +w1a1$.*^conv2( +\d+){5}$.*^whole call( +\d+){5}$", text, re.M | re.S), "no table of layers"
    with open(os.path.join(out, "results.json"), encoding="ascii") as stream:
        rows = json.load(stream)
    assert [row["model"] for row in rows] == MODELS, f"results.json has {[row['model'] for row in rows]}"
    for row in rows:
        check_model(out, row)
    check_page(os.path.join(out, "report.html"))
    size = {row["model"]: row["weight_bytes"] for row in rows}
    assert size["w1a1"] * 12 <= size["float"], f"w1a1 takes {size['w1a1']} bytes, float {size['float']}"
    print("results and arrays of all five networks are as they should be")
    return 0


if __name__ == "__main__":
    sys.exit(main())
