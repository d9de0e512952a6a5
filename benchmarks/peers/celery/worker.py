"""Starts Celery's worker beside a program: in its process group, so that both end together."""

import subprocess
import sys

# Nobody listens to what workers tell each other here.
QUIET = ["--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "WARNING"]


def start_worker(pool, concurrency):
    """Starts a worker and waits until it has run a task of every child. Standard output is the program's own."""
    from tasks import infer

    command = [sys.executable, "-m", "celery", "-A", "tasks", "worker", "--pool", pool, "--concurrency", str(concurrency)]
    subprocess.Popen(command + QUIET, stdin=subprocess.DEVNULL, stdout=sys.stderr)
    for _ in range(20):
        infer.delay([0.0] * 64).get(timeout=60)
