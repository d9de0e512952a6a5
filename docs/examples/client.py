"""An inferq client in Python: digits in one call, a text as it is written, and what a refusal looks like.

Needs the generated modules in stubs/ (docs/python.md), a running server and, for the digits, models/digits/samples.json.
Usage: python docs/examples/client.py [HOST:PORT]
"""

import json
import sys
import time
import uuid

import grpc
import numpy as np

sys.path.insert(0, "stubs")

from inferq.v1 import broker_pb2, broker_pb2_grpc, task_pb2, tensor_pb2  # noqa: E402

MAX_MESSAGE = 72 * 1024 * 1024  # gRPC's own limit is 4 MiB: a larger result would be refused on arrival.
DATATYPES = {
    "bool": "BOOL", "uint8": "UINT8", "uint16": "UINT16", "uint32": "UINT32", "uint64": "UINT64",
    "int8": "INT8", "int16": "INT16", "int32": "INT32", "int64": "INT64",
    "float16": "FP16", "float32": "FP32", "float64": "FP64",
}
DTYPES = {datatype: np.dtype(name).newbyteorder("<") for name, datatype in DATATYPES.items()}


def connect(server):
    options = [("grpc.max_receive_message_length", MAX_MESSAGE), ("grpc.keepalive_time_ms", 30_000)]
    return broker_pb2_grpc.BrokerStub(grpc.insecure_channel(server, options=options))


def to_tensor(name, values):
    """A NumPy array, or a list of texts or bytes, as a raw tensor: little-endian, row-major."""
    array = np.asarray(values)
    if array.dtype.kind in "USO":
        elements = [value.encode() if isinstance(value, str) else bytes(value) for value in array.ravel().tolist()]
        raw = b"".join(len(element).to_bytes(4, "little") + element for element in elements)
        return tensor_pb2.Tensor(name=name, datatype="BYTES", shape=array.shape, raw=raw)
    datatype = DATATYPES[array.dtype.newbyteorder("=").name]
    return tensor_pb2.Tensor(name=name, datatype=datatype, shape=array.shape, raw=array.astype(DTYPES[datatype]).tobytes())


def to_array(tensor):
    """A raw tensor as a NumPy array: of bytes objects for BYTES, of 16-bit patterns for BF16, which NumPy does not know."""
    if tensor.datatype != "BYTES":
        return np.frombuffer(tensor.raw, DTYPES.get(tensor.datatype, "<u2")).reshape(tensor.shape)
    elements, at = [], 0
    while at < len(tensor.raw):
        size = int.from_bytes(tensor.raw[at : at + 4], "little")
        elements.append(tensor.raw[at + 4 : at + 4 + size])
        at += 4 + size
    array = np.empty(len(elements), dtype=object)
    array[:] = elements
    return array.reshape(tensor.shape)


def submit(broker, request):
    """Stores the task. Under its key the request may be sent again: it stays one task."""
    request.idempotency_key = request.idempotency_key or str(uuid.uuid4())
    for attempt in range(5):
        try:
            return broker.Submit(request, timeout=310)
        except grpc.RpcError as error:
            if error.code() is not grpc.StatusCode.UNAVAILABLE or attempt == 4:
                raise
            time.sleep(0.1 * 2**attempt)


def recognise(broker, images):
    """Submits images of digits and waits for the answer; returns labels and logits."""
    request = broker_pb2.SubmitRequest(model="digits", inputs=[to_tensor("image", np.asarray(images, dtype=np.float32))])
    request.wait.seconds = 30
    task = submit(broker, request).task
    if task.state != task_pb2.TASK_STATE_SUCCEEDED:
        raise RuntimeError(f"task {task.id} is {task_pb2.TaskState.Name(task.state)}: {task.error.message}")
    return [row.classes[0].label for row in task.classifications], to_array(task.outputs[0])


def write(broker, prompt, length):
    """Submits a prompt, then prints the text piece by piece; returns the task as it ended."""
    request = broker_pb2.SubmitRequest(model="charlm", inputs=[to_tensor("prompt", [prompt])])
    request.parameters["max_tokens"].int64_param = length
    task = None
    for message in broker.WatchResult(broker_pb2.WatchResultRequest(task_id=submit(broker, request).task_id)):
        if message.HasField("snapshot"):
            task = message.snapshot
        for event in message.events:
            if event.WhichOneof("kind") == "chunk":
                piece = to_array(event.chunk.outputs[0]).item()
                print(piece.decode(), end="", flush=True)
            elif event.WhichOneof("kind") == "state_changed":
                task = event.state_changed
    print()
    return task


def main():
    broker = connect(sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:50051")

    with open("models/digits/samples.json") as file:
        samples = json.load(file)["samples"]
    labels, logits = recognise(broker, [sample["image"] for sample in samples])
    right = sum(label == str(sample["label"]) for label, sample in zip(labels, samples))
    print(f"digits: {right} of {len(samples)} right, logits {logits.shape} {logits.dtype}")

    task = write(broker, "Once upon", 120)
    print(f"charlm: {task_pb2.TaskState.Name(task.state)}, {len(to_array(task.outputs[0]).item())} bytes in the result")

    try:
        submit(broker, broker_pb2.SubmitRequest(model="nope"))
    except grpc.RpcError as error:
        print(f"refused: {error.code().name}: {error.details()}")


if __name__ == "__main__":
    main()
