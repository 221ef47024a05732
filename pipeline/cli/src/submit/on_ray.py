"""Runs the jobs of `tokenmill submit` on a Ray cluster.

Reads one description of a round, a line of JSON, after the other from standard input. For every job that has ended it writes
a line of JSON to standard output, and an empty object after the last of a round.
"""

import json
import os
import subprocess
import sys
import warnings

warnings.filterwarnings("ignore")
# Jobs without a GPU must not be told that they have none, which Ray warns of at length.
os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")

import ray  # noqa: E402

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


def rounds():
    """What standard input describes."""
    for line in sys.stdin:
        if line.strip():
            yield json.loads(line)


def run(plan, variables):
    """Runs the jobs of one round, and writes what became of them; whether the cluster can still be reached."""
    remote = ray.remote(
        num_cpus=plan["cores"],
        num_gpus=plan["gpus"],
        memory=plan["memory"],
        max_retries=plan["retries"],
        retry_exceptions=[TryAgain],
        scheduling_strategy="SPREAD",
    )(job)
    waiting = iter(range(len(plan["jobs"])))
    running, n_failed, is_cut_off = {}, 0, False
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
                # The daemon of Ray through which this program reaches the cluster; there are others.
                is_cut_off = is_cut_off or isinstance(error, ray.exceptions.LocalRayletDiedError)
            n_failed += code not in (0, RETRY)
            print(json.dumps({"job": number, "code": code, "said": said}), flush=True)
    print("{}", flush=True)
    return not is_cut_off


def main():
    variables = None
    for plan in rounds():
        if not ray.is_initialized():
            ray.init(address=plan["address"], log_to_driver=False, logging_level="warning")
        if variables is None:
            # Passed as a value that lives in memory, and not as a setting of the cluster: it may hold keys.
            variables = ray.put({name: os.environ[name] for name in plan["variables"] if name in os.environ})
        if not run(plan, variables):
            ray.shutdown()
            variables = None


main()
