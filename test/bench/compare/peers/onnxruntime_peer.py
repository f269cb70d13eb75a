#!/usr/bin/env python3
"""onnxruntime as a peer of the benchmark: one JSON request a line on stdin, one JSON answer a line on stdout.

  {"make": {...}}            -> {"id": 1, "implementation": "QLinearMatMul"}
  {"run": 1}                 -> {}
  {"middle": 1, "at": 5}     -> {"value": 100}        one element of the last result
  {"finish": 1}              -> {"seconds": [...]}    of each run, from onnxruntime's own profile
  {"drop": 1}                -> {}

An answer with "error" says why a request was not met. Models are written without the onnx package.
"""
import json
import os
import struct
import sys
import tempfile

import numpy as np
import onnxruntime as ort

TYPES = {np.dtype(np.float32): 1, np.dtype(np.uint8): 2, np.dtype(np.int8): 3, np.dtype(np.int32): 6}


def varint(value):
    out = bytearray()
    while True:
        out.append((value & 0x7F) | (0x80 if value > 0x7F else 0))
        value >>= 7
        if not value:
            return bytes(out)


def field(number, value):
    """A field of a protocol buffer: an integer, a float, text, or bytes."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    if isinstance(value, float):
        return varint(number << 3 | 5) + struct.pack("<f", value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def tensor(name, array):
    dims = b"".join(field(1, int(d)) for d in array.shape)
    return dims + field(2, TYPES[array.dtype]) + field(8, name) + field(9, array.tobytes())


def value_info(name, kind, shape):
    dims = b"".join(field(1, field(1, int(d))) for d in shape)
    return field(1, name) + field(2, field(1, field(1, TYPES[np.dtype(kind)]) + field(2, dims)))


def attribute(name, value):
    if isinstance(value, int):
        return field(1, name) + field(3, value) + field(20, 2)
    return field(1, name) + b"".join(field(8, int(v)) for v in value) + field(20, 7)


def model(op, inputs, x, y, initializers, attributes, domain=""):
    """A model of one node: x and y are (kind, shape) of its input and output."""
    node = b"".join(field(1, i) for i in inputs) + field(2, "y") + field(4, op) + field(7, domain)
    node += b"".join(field(5, attribute(n, v)) for n, v in attributes.items())
    graph = field(1, node) + field(2, "g") + b"".join(field(5, tensor(n, v)) for n, v in initializers.items())
    graph += field(11, value_info("x", *x)) + field(12, value_info("y", *y))
    opset = field(8, field(1, "") + field(2, 17)) + field(8, field(1, "com.microsoft") + field(2, 1))
    return field(1, 8) + field(7, graph) + opset


class Session:
    def __init__(self, request):
        self.request, self.folder = request, tempfile.TemporaryDirectory()
        rng = np.random.default_rng(7)
        linear, form = request["linear"], request["form"]
        batch, h, w, c, o, kh, kw, groups = (request[k] for k in ("batch", "h", "w", "c", "o", "kh", "kw", "groups"))
        kind = np.float32 if form in ("f32", "nbits") else np.int8 if request.get("signed") else np.uint8
        x_shape, y_shape = ([batch, c], [batch, o]) if linear else ([batch, c, h, w], [batch, o, h, w])
        w_shape = [c, o] if linear else [o, c // groups, kh, kw]
        window = {} if linear else {"kernel_shape": [kh, kw], "group": groups,
                                    "pads": [(kh - 1) // 2, (kw - 1) // 2, kh // 2, kw // 2]}
        scalar = lambda v, t=np.float32: np.array(v, t)
        domain = ""
        if form == "f32":
            self.op, inputs = ("MatMul" if linear else "Conv"), ["x", "w"]
            initializers = {"w": rng.standard_normal(w_shape).astype(np.float32)}
            self.feed = rng.uniform(-1, 1, x_shape).astype(np.float32)
        elif form == "nbits":  # f32 activations; "accuracy 4" quantises them to 8 bits
            block = request["group_size"]
            self.op, inputs, domain = "MatMulNBits", ["x", "w", "s"], "com.microsoft"
            window = {"K": c, "N": o, "bits": 4, "block_size": block, "accuracy_level": request["accuracy"]}
            initializers = {"w": rng.integers(0, 256, (o, c // block, block // 2), dtype=np.uint8),
                            "s": rng.uniform(0.01, 0.02, o * (c // block)).astype(np.float32)}
            self.feed = rng.uniform(-1, 1, x_shape).astype(np.float32)
        else:  # "int": weights s8, or u8 with zero point 128
            low, high = (-128, 127) if request["signed"] else (0, 255)
            extreme, unsigned = request["extreme"], request["unsigned_weights"]
            weights = np.full(w_shape, extreme[1]) if extreme else np.clip(rng.standard_normal(w_shape) * 28, -127, 127).round()
            weights = (weights + 128).astype(np.uint8) if unsigned else weights.astype(np.int8)
            channels = [o] if request["per_channel"] else []
            zero = np.full(channels, 128 if unsigned else 0, weights.dtype)
            initializers = {"w": weights, "xs": scalar(1), "xz": scalar(0, kind), "ws": np.ones(channels, np.float32),
                            "wz": zero, "ys": scalar(1 / request["multiplier"]), "yz": scalar(0, kind)}
            self.op = "QLinearMatMul" if linear else "QLinearConv"
            inputs = ["x", "xs", "xz", "w", "ws", "wz", "ys", "yz"]
            self.feed = (np.full(x_shape, extreme[0]) if extreme else rng.integers(low, high + 1, x_shape)).astype(kind)
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
        options.log_severity_level = 3
        options.enable_profiling, options.profile_file_prefix = True, os.path.join(self.folder.name, "p")
        text = model(self.op, inputs, (kind, x_shape), (kind, y_shape), initializers, window, domain)
        self.session = ort.InferenceSession(text, options, providers=["CPUExecutionProvider"])
        self.result = None

    def run(self):
        self.result = self.session.run(None, {"x": self.feed})[0]

    def middle(self, at):
        """The element `at` of the result in the order [batch, h, w, o]."""
        result = self.result if self.request["linear"] else self.result.transpose(0, 2, 3, 1)
        return int(result.reshape(-1)[at])

    def seconds(self):
        # onnxruntime may exchange the node for one of its own: what takes longest is the node, the rest reorders data.
        with open(self.session.end_profiling(), encoding="utf-8") as stream:
            kernels = {}
            for event in json.load(stream):
                if event.get("cat") == "Node" and event["name"].endswith("_kernel_time"):
                    kernels.setdefault(event["args"]["op_name"], []).append(event["dur"] * 1e-6)
        return max(kernels.values(), key=sum)


def answer(request, sessions):
    if "make" in request:
        number = len(sessions) + 1
        sessions[number] = Session(request["make"])
        return {"id": number, "implementation": sessions[number].op}
    if "run" in request:
        sessions[request["run"]].run()
        return {}
    if "middle" in request:
        return {"value": sessions[request["middle"]].middle(request["at"])}
    if "finish" in request:
        return {"seconds": sessions[request["finish"]].seconds()}
    if "drop" in request:
        sessions[request["drop"]] = None
        return {}
    return {"error": "unknown request"}


def main():
    sessions = {}
    print(json.dumps({"version": ort.__version__}), flush=True)
    for line in sys.stdin:
        try:
            said = answer(json.loads(line), sessions)
        except Exception as error:  # whatever the library raises is the peer's answer, not the end of the run
            said = {"error": f"{type(error).__name__}: {error}"[:300]}
        print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main()
