"""The conversation of src/session.rs."""

import signal
import sys
import time

# As src/sys.rs: a contestant that hangs ends.
LIFETIME_IN_SECONDS = 120


def serve(body, step=1):
    rate = None
    for line in sys.stdin:
        signal.alarm(LIFETIME_IN_SECONDS)
        word, value = line.split()
        operations = int(value)
        if word == "for":
            length = int(value) / 1e3
            if rate is None:
                operations = step
                while (elapsed := timed(body, operations)) < length:
                    operations *= 2
                rate = operations / elapsed
            operations = max(1, int(rate * length))
        operations += -operations % step
        elapsed = timed(body, operations)
        rate = operations / elapsed
        print(operations, round(elapsed * 1e9), flush=True)


def timed(body, operations):
    start = time.perf_counter()
    body(operations)
    return time.perf_counter() - start
