"""
Celery behind FastAPI: submit, then poll. Needs peers/celery on PYTHONPATH. Says {"ready": {"port"}} and serves until it is ended.
"""

import json
import socket

import uvicorn
from celery.result import AsyncResult
from fastapi import FastAPI
from pydantic import BaseModel

from tasks import app as celery
from tasks import infer
from worker import start_worker

api = FastAPI()


class Submission(BaseModel):
    values: list[float]


@api.post("/submit")
async def submit(submission: Submission):
    return {"id": infer.delay(submission.values).id}


@api.get("/result/{task_id}")
async def result(task_id: str):
    task = AsyncResult(task_id, app=celery)
    if not task.ready():
        return {"done": False}
    return {"done": True, "values": task.get()}


start_worker("solo", 1)
listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
print(json.dumps({"ready": {"port": listener.getsockname()[1]}}), flush=True)
uvicorn.Server(uvicorn.Config(api, log_level="warning", access_log=False)).run(sockets=[listener])
