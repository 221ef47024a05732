"""Runs a command and prints what it cost as JSON: CPU seconds, seconds of the clock, and the peak of resident memory.

usage: measured.py COMMAND ARGUMENT...

CPU seconds are user and system, of the command and of all processes it waited for; the peak is the largest of any one of
them. What the command prints goes to standard error. A command that fails makes this one fail.
"""

import json
import os
import subprocess
import sys
import time

start = time.monotonic()
child = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=sys.stderr)
_, status, used = os.wait4(child.pid, 0)
wall = time.monotonic() - start
if status != 0:
    sys.exit(f"`{sys.argv[1]}` ended with {os.waitstatus_to_exitcode(status)}")
print(json.dumps({
    "cpu_seconds": used.ru_utime + used.ru_stime,
    "wall_seconds": wall,
    "max_rss_bytes": used.ru_maxrss * 1024,
}))
