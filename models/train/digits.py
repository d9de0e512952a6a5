"""Train the `digits` demo model and write its ONNX file and its samples.

A perceptron with one hidden layer of 128 units learns 8x8 pixel digits from
scikit-learn's copy of the UCI "Optical Recognition of Handwritten Digits"
data. A stratified quarter is held out; the accuracy printed is that of the
written ONNX file on it, run with onnxruntime. The graph ends in logits: the
broker's `classification` post-processing applies the softmax.

Usage: python models/train/digits.py [--seed N] [--out models/digits]
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier


def split(seed):
    """Return x_train, x_test, y_train, y_test; pixels scaled from 0..16 to 0..1."""
    digits = load_digits()
    x = (digits.data / 16.0).astype(np.float32)
    return train_test_split(x, digits.target, test_size=0.25, stratify=digits.target, random_state=seed)


def train(x, y, hidden, epochs, seed):
    """Fit the perceptron, one epoch at a time so that progress can be printed."""
    model = MLPClassifier((hidden,), alpha=1e-3, batch_size=32, random_state=seed)
    for epoch in range(1, epochs + 1):
        model.partial_fit(x, y, classes=np.arange(10))
        if epoch % 10 == 0:
            print(f"epoch {epoch:3d}  loss {model.loss_:.4f}  train accuracy {model.score(x, y):.4f}", flush=True)
    return model


def export(model, path):
    """Write the network as Gemm, Relu, Gemm: `image` ["batch", 64] to `logits` ["batch", 10]."""
    weights = {"w1": model.coefs_[0], "b1": model.intercepts_[0], "w2": model.coefs_[1], "b2": model.intercepts_[1]}
    graph = helper.make_graph(
        [
            helper.make_node("Gemm", ["image", "w1", "b1"], ["pre"]),
            helper.make_node("Relu", ["pre"], ["hidden"]),
            helper.make_node("Gemm", ["hidden", "w2", "b2"], ["logits"]),
        ],
        "digits",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 64])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 10])],
        [numpy_helper.from_array(np.asarray(w, np.float32), name) for name, w in weights.items()],
    )
    onnx_model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], producer_name="inferq")
    onnx_model.ir_version = 9
    onnx.checker.check_model(onnx_model, full_check=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(onnx_model.SerializeToString())


def evaluate(path, x, y):
    """Return how many rows the ONNX file classifies correctly."""
    session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return int((session.run(["logits"], {"image": x})[0].argmax(axis=1) == y).sum())


def write_samples(folder, x, y, count):
    """Write the first `count` held-out images as they come, so that they are not a flattering choice."""
    images = [[round(float(v), 4) for v in row] for row in x[:count]]
    if set(y[:count]) != set(range(10)):
        raise SystemExit("the samples do not cover all ten classes: raise --samples or change --seed")
    rows = ",\n".join("  " + json.dumps({"label": int(label), "image": image}) for label, image in zip(y, images))
    description = f"The first {count} held-out images of the digits model: 8x8 pixels, row by row, 0 (paper) to 1 (ink)."
    (folder / "samples.json").write_text(f'{{"description": {json.dumps(description)}, "samples": [\n{rows}\n]}}\n')
    (folder / "sample.json").write_text(json.dumps(images[0]) + "\n")


def main():
    """Train, export, measure, write the samples."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "digits", help="folder of the model")
    parser.add_argument("--seed", type=int, default=0, help="seed of the split and of the weights (default 0)")
    parser.add_argument("--hidden", type=int, default=128, help="hidden units (default 128)")
    parser.add_argument("--epochs", type=int, default=60, help="passes over the training part (default 60)")
    parser.add_argument("--samples", type=int, default=40, help="held-out images to write (default 40)")
    args = parser.parse_args()

    x_train, x_test, y_train, y_test = split(args.seed)
    started = time.perf_counter()
    model = train(x_train, y_train, args.hidden, args.epochs, args.seed)
    print(f"trained on {len(x_train)} images in {time.perf_counter() - started:.1f} s")
    path = args.out / "1" / "model.onnx"
    export(model, path)
    right = evaluate(path, x_test, y_test)
    print(f"held-out accuracy {right / len(x_test):.4f} ({right} of {len(x_test)}), {path.stat().st_size} bytes")
    write_samples(args.out, x_test, y_test, args.samples)


if __name__ == "__main__":
    main()
