"""What the package costs before it does anything: ``python -m tests.benchmarks.startup``.

Prints ratios measured in one run, with the two programs taking turns, since machines are noisy.
"""

import statistics
import subprocess
import sys
import time

RUNS = 11


def seconds(code: str) -> float:
    """Time one fresh Python that runs the code."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - start


def main() -> None:
    """Print what each import takes, beside ``import torch`` alone."""
    programs = {
        "import torch": "import torch",
        "… and cnncourse": "import torch, cnncourse",
        "… and what a chapter uses": "import torch; from cnncourse import conv, data, geometry, train",
    }
    for code in programs.values():
        seconds(code)  # the first run fills the disk cache
    taken: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(RUNS):
        for name, code in programs.items():
            taken[name].append(seconds(code))
    medians = {name: statistics.median(times) for name, times in taken.items()}
    base = medians["import torch"]
    print(f"{'program':<28}{'median s':>10}{'ratio':>8}   ({RUNS} runs in turns)")
    for name, median in medians.items():
        print(f"{name:<28}{median:>10.2f}{median / base:>8.3f}")


if __name__ == "__main__":
    main()
