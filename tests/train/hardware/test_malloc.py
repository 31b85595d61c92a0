"""Memory that is kept: taking the same amount again costs the system nothing."""

import subprocess
import sys

import pytest

SCRIPT = """
import resource, sys
import torch
from cnncourse.train.hardware.malloc import keep_memory

if sys.argv[1] == "keep" and not keep_memory():
    print("other")
    raise SystemExit
faults = []
for _ in range(8):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.ones(16 << 20)  # 64 MB, touched and given back
    faults.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
print(sorted(faults[2:])[2])  # not the first ones, and not one that grew the heap between others
"""


def new_pages(word):
    """The pages that the system had to hand out for another 64 MB."""
    done = subprocess.run([sys.executable, "-c", SCRIPT, word], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.skipif(sys.platform != "linux", reason="a setting of the GNU C library")
def test_memory_given_back_is_used_again():
    kept, left = new_pages("keep"), new_pages("leave")
    if kept == "other":
        pytest.skip("another C library")
    assert int(kept) < 20
    assert int(left) > int(kept) + 20  # 16,384 small pages, or 32 huge ones
