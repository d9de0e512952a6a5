"""
Drives a Celery worker by Celery's own client: `drive.py POOL CONCURRENCY`. Says {"ready": {}}, then answers each line of JSON.

{"do": "throughput", "tasks", "samples"}: submits all, waits for all, checks each; {"seconds"}.
{"do": "latency", "rate", "count", "samples"}: one at a time at fixed times; {"ms"} from the intended time, in order.
Samples are {"input", "expected"}, taken in turn.
"""

import json
import sys
import time

from celery.result import ResultSet

from tasks import infer
from worker import start_worker

# Above it sleep() is exact enough; the rest is waited for awake.
SLEEP_SLACK = 0.0005
ANSWER_LIMIT = 60


def check(given, expected):
    same = len(given) == len(expected) and all(abs(a - b) < 1e-4 for a, b in zip(given, expected))
    if not same:
        raise ValueError(f"an answer is {given}, not {expected}")


def throughput(tasks, samples):
    begin = time.perf_counter()
    results = [infer.delay(samples[index % len(samples)]["input"]) for index in range(tasks)]
    answers = ResultSet(results).join_native(timeout=ANSWER_LIMIT)
    seconds = time.perf_counter() - begin
    for index, answer in enumerate(answers):
        check(answer, samples[index % len(samples)]["expected"])
    return {"seconds": seconds}


def wait_until(moment):
    left = moment - time.perf_counter()
    if left > SLEEP_SLACK:
        time.sleep(left - SLEEP_SLACK)
    while time.perf_counter() < moment:
        pass


def latency(rate, count, samples):
    begin = time.perf_counter() + 0.01
    waits = []
    for index in range(count):
        sample = samples[index % len(samples)]
        intended = begin + index / rate
        wait_until(intended)
        answer = infer.delay(sample["input"]).get(timeout=ANSWER_LIMIT)
        waits.append((time.perf_counter() - intended) * 1000)
        check(answer, sample["expected"])
    return {"ms": waits}


def say(message):
    print(json.dumps(message), flush=True)


VERBS = {"throughput": throughput, "latency": latency}

start_worker(sys.argv[1], sys.argv[2])
say({"ready": {}})
for line in sys.stdin:
    question = json.loads(line)
    verb = VERBS[question.pop("do")]
    try:
        say(verb(**question))
    except Exception as error:
        say({"error": repr(error)})
