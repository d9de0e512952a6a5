"""The application that Celery's worker and its clients share. REDIS_URL and MODEL_FILE are in the environment."""

import os
from functools import cache

import numpy
import onnxruntime
from celery import Celery

app = Celery("peer", broker=os.environ["REDIS_URL"], backend=os.environ["REDIS_URL"])
app.conf.update(
    # A task whose worker dies is run again, and no worker hoards: what inference asks for.
    task_acks_late=True,
    worker_prefetch_multiplier=1,
    task_serializer="json",
    result_serializer="json",
    accept_content=["json"],
    result_expires=3600,
    broker_connection_retry_on_startup=True,
)


@cache
def session():
    """The model, loaded at its first use: with the prefork pool in each child."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(os.environ["MODEL_FILE"], options, providers=["CPUExecutionProvider"])


@app.task
def infer(values):
    """Runs the model on one row of FP32 numbers and gives its first output's row."""
    model = session()
    rows = numpy.asarray([values], dtype=numpy.float32)
    return model.run(None, {model.get_inputs()[0].name: rows})[0][0].tolist()
