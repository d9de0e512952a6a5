"""Makes an inferq model of a TorchScript file: writes DIR/1/model.onnx with a free batch dimension, and DIR/model.yaml.

Usage: python torchscript_to_onnx.py model.pt DIR --shape 3,224,224 [--input image] [--output logits] [--max-batch-size 32]
"""

import argparse
from pathlib import Path

import numpy as np
import onnxruntime
import torch

parser = argparse.ArgumentParser()
parser.add_argument("torchscript", type=Path)
parser.add_argument("folder", type=Path, help="the model's folder in the repository; its name is the model's name")
parser.add_argument("--shape", required=True, help="of one row, without the batch dimension: 3,224,224")
parser.add_argument("--input", default="input")
parser.add_argument("--output", default="output")
parser.add_argument("--max-batch-size", type=int, default=32)
args = parser.parse_args()

row = [int(size) for size in args.shape.split(",")]
model = torch.jit.load(args.torchscript, map_location="cpu").eval()
target = args.folder / "1" / "model.onnx"
target.parent.mkdir(parents=True, exist_ok=True)

with torch.no_grad():
    torch.onnx.export(
        model,
        (torch.zeros(2, *row),),
        str(target),
        input_names=[args.input],
        output_names=[args.output],
        dynamic_axes={args.input: {0: "batch"}, args.output: {0: "batch"}},
        dynamo=False,  # The exporter that takes TorchScript as it is.
    )
    (args.folder / "model.yaml").write_text(f"max_batch_size: {args.max_batch_size}\n")

    # The same numbers from both, at a batch size that the export did not see.
    rows = torch.rand(5, *row)
    expected = model(rows).numpy()
session = onnxruntime.InferenceSession(str(target), providers=["CPUExecutionProvider"])
(given,) = session.run([args.output], {args.input: rows.numpy()})
np.testing.assert_allclose(given, expected, rtol=1e-3, atol=1e-4)
print(f"{target} gives what {args.torchscript} gives, for batches of any size")
