"""Writes and reads files with boto3, as s3_speed does: s3_plain.py s3://BUCKET/PREFIX N_FILES MEGABYTES."""

import json
import os
import sys
import tempfile
import time

import boto3
from botocore.config import Config

uri, n_files, megabytes = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
bucket, prefix = uri.removeprefix("s3://").split("/", 1)
# The gateway knows no trailing checksums.
plain = Config(request_checksum_calculation="when_required", response_checksum_validation="when_required")
client = boto3.client("s3", config=plain)
client.create_bucket(Bucket=bucket)
block = os.urandom(1_000_000)
written, started = 0, 0.0
with tempfile.NamedTemporaryFile() as file:
    for _ in range(megabytes):
        file.write(block)
    file.flush()
    started = time.monotonic()
    for number in range(n_files):
        client.upload_file(file.name, bucket, f"{prefix}/plain-{number}")
    write_seconds = time.monotonic() - started
started = time.monotonic()
n_bytes = 0
for number in range(n_files):
    body = client.get_object(Bucket=bucket, Key=f"{prefix}/plain-{number}")["Body"]
    for chunk in body.iter_chunks(1 << 20):
        n_bytes += len(chunk)
read_seconds = time.monotonic() - started
print(json.dumps({"bytes": n_bytes, "write_seconds": write_seconds, "read_seconds": read_seconds}))
