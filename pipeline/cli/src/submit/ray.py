"""Runs the jobs of one round of `tokenmill submit` on a Ray cluster.

Reads a description from standard input, and writes one line of JSON for every job that has ended to standard output.
"""

import json
import os
import subprocess
import sys

import ray

RETRY = 75
LAST_BYTES = 8192


class TryAgain(Exception):
    """A job that may succeed later or elsewhere."""


def die_with_parent():
    """A job must not outlive its worker, which Ray has counted out then (Linux only)."""
    try:
        import ctypes

        ctypes.CDLL(None).prctl(1, 9)
    except (AttributeError, OSError):
        pass


def job(command, cwd, variables):
    """Runs one job; gives back its exit code and the end of what it has said of failures."""
    ran = subprocess.run(
        command,
        cwd=cwd if os.path.isdir(cwd) else None,
        env={**os.environ, **variables},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        preexec_fn=die_with_parent,
    )
    said = ran.stderr[-LAST_BYTES:].decode("utf-8", "replace")
    if ran.returncode == RETRY or ran.returncode < 0:
        raise TryAgain(said or f"a job ended with {ran.returncode}")
    return ran.returncode, said


def main():
    plan = json.load(sys.stdin)
    ray.init(address=plan["address"], log_to_driver=False, logging_level="warning")
    remote = ray.remote(
        num_cpus=plan["cores"],
        num_gpus=plan["gpus"],
        memory=plan["memory"],
        max_retries=plan["retries"],
        retry_exceptions=[TryAgain],
        scheduling_strategy="SPREAD",
    )(job)
    # Passed as a value that lives in memory, and not as a setting of the cluster: it may hold keys.
    variables = ray.put({name: os.environ[name] for name in plan["variables"] if name in os.environ})
    waiting = iter(range(len(plan["jobs"])))
    running, n_failed = {}, 0
    while True:
        while len(running) < plan["parallel"] and n_failed < plan["max_failed"]:
            number = next(waiting, None)
            if number is None:
                break
            running[remote.remote(plan["jobs"][number], plan["cwd"], variables)] = number
        if not running:
            break
        for ended in ray.wait(list(running), num_returns=1)[0]:
            number = running.pop(ended)
            try:
                code, said = ray.get(ended)
            except Exception as error:  # A lost worker, a full memory, or TryAgain: each was retried before it came here.
                code, said = RETRY, str(error)
            n_failed += code not in (0, RETRY)
            print(json.dumps({"job": number, "code": code, "said": said}), flush=True)


main()
