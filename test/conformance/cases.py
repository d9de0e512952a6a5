"""The ONNX backend suite as a repository of models, with ONNX Runtime's own answers.

Usage: cases.py FOLDER EVERY. Takes every EVERYth case. Each case that ONNX Runtime runs and whose tensors can be carried becomes a model
in one of the repositories FOLDER/part-0, FOLDER/part-1, ...; those that cannot be carried go to FOLDER/refused. FOLDER/cases.json lists
them all.
"""
import base64
import glob
import json
import os
import sys
import warnings

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, numpy_helper
from onnx.backend.test.case.node import collect_testcases

warnings.filterwarnings("ignore")
folder, every = sys.argv[1], int(sys.argv[2])
NEWEST_OPSET, NEWEST_IR = 26, 13
MODELS_IN_A_PART = 100
DATATYPES = {
    np.dtype(name): datatype
    for name, datatype in {
        "bool": "BOOL", "uint8": "UINT8", "uint16": "UINT16", "uint32": "UINT32", "uint64": "UINT64", "int8": "INT8", "int16": "INT16",
        "int32": "INT32", "int64": "INT64", "float16": "FP16", "float32": "FP32", "float64": "FP64",
    }.items()
}
CARRIED = {
    TensorProto.BOOL, TensorProto.UINT8, TensorProto.UINT16, TensorProto.UINT32, TensorProto.UINT64, TensorProto.INT8, TensorProto.INT16,
    TensorProto.INT32, TensorProto.INT64, TensorProto.FLOAT16, TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.STRING,
}


def stored_cases():
    """Those that ship as files: (name, model, sets of inputs)."""
    data = os.path.join(os.path.dirname(onnx.__file__), "backend/test/data")
    for path in sorted(glob.glob(f"{data}/*/*/model.onnx")):
        case = os.path.dirname(path)
        files = sorted(glob.glob(f"{case}/test_data_set_0/input_*.pb"), key=lambda name: int(name.rsplit("_", 1)[1][:-3]))
        yield os.path.basename(case), onnx.load(path), lambda files=files: [onnx.load_tensor(file) for file in files]


def all_cases():
    for case in collect_testcases():
        if case.model is not None:
            yield case.name, case.model, lambda case=case: case.data_sets[0][0] if case.data_sets else []
    yield from stored_cases()


def restamped(model):
    """With the newest opset and IR version that ONNX Runtime takes, where the case is newer. Whether it was."""
    newer = [opset for opset in model.opset_import if opset.domain in ("", "ai.onnx") and opset.version > NEWEST_OPSET]
    for opset in newer:
        opset.version = NEWEST_OPSET
    model.ir_version = min(model.ir_version, NEWEST_IR)
    return len(newer) > 0


def carried(value):
    kind = value.type.WhichOneof("value")
    return kind is None or (kind == "tensor_type" and value.type.tensor_type.elem_type in CARRIED)


def encoded(name, array):
    array = np.asarray(array)
    if array.dtype.kind in "OSU":
        elements = [str(text).encode() if not isinstance(text, bytes) else text for text in array.reshape(-1).tolist()]
        raw = b"".join(len(element).to_bytes(4, "little") + element for element in elements)
        return {"name": name, "datatype": "BYTES", "shape": list(array.shape), "raw": base64.b64encode(raw).decode()}
    raw = np.ascontiguousarray(array).tobytes()
    return {"name": name, "datatype": DATATYPES[array.dtype], "shape": list(array.shape), "raw": base64.b64encode(raw).decode()}


def answers(file, feeds):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    return session.run(None, feeds)


def put(repository, number, model):
    name = f"case-{number}"
    path = f"{folder}/{repository}/{name}/1"
    os.makedirs(path)
    with open(f"{folder}/{repository}/{name}/model.yaml", "w") as settings:
        settings.write("warmup: false\nretry: { max_attempts: 1 }\n")
    onnx.save(model, f"{path}/model.onnx")
    return f"{path}/model.onnx", name


cases = []
runs = 0
for number, (name, model, inputs) in enumerate(all_cases()):
    if number % every:
        continue
    was_newer = restamped(model)
    case = {"case": name, "restamped": was_newer}
    cases.append(case)
    weights = {initializer.name for initializer in model.graph.initializer}
    required = [value for value in model.graph.input if value.name not in weights or model.ir_version >= 4]
    if not all(carried(value) for value in [*model.graph.input, *model.graph.output]):
        file, case["model"] = put("refused", number, model)
        try:
            onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
            case["outcome"] = "not carried"
        except Exception as error:
            case.update(outcome="not run by ONNX Runtime", why=str(error)[:200])
        continue
    scratch = f"{folder}/scratch.onnx"
    onnx.save(model, scratch)
    try:
        given = [item if isinstance(item, (np.ndarray, np.generic, list)) else numpy_helper.to_array(item) for item in inputs()]
        feeds = {value.name: np.asarray(array) for value, array in zip(required, given)}
        outputs = answers(scratch, feeds)
    except Exception as error:
        case.update(outcome="not run by ONNX Runtime", why=str(error)[:200])
        continue
    part, runs = runs // MODELS_IN_A_PART, runs + 1
    _, case["model"] = put(f"part-{part}", number, model)
    case.update(
        outcome="run",
        part=part,
        inputs=[encoded(name, array) for name, array in feeds.items()],
        outputs=[encoded(value.name, array) for value, array in zip(model.graph.output, outputs)],
    )
with open(f"{folder}/cases.json", "w") as listed:
    json.dump({"onnx": onnx.__version__, "onnxruntime": onnxruntime.__version__, "cases": cases}, listed)
