"""AWS on this machine, until standard input ends. Jobs of Batch succeed at once; whoever wants to runs what they would."""

import sys

from moto.core.config import default_user_config
from moto.server import ThreadedMotoServer

default_user_config["batch"] = {"use_docker": False}
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print("http://%s:%d" % server.get_host_and_port(), flush=True)
sys.stdin.read()
server.stop()
