"""shapes10: drawn by the course, so it needs no file at all."""

from cnncourse.data.registry import Entry, register

SHAPES10 = register(
    Entry(
        name="shapes10",
        title="shapes10",
        classes=(
            "circle",
            "square",
            "triangle",
            "pentagon",
            "star",
            "cross",
            "ring",
            "crescent",
            "heart",
            "arrow",
        ),
        shape=(3, 32, 32),
        counts={"train": 10_000, "test": 2_000},
        mean=(0.500, 0.500, 0.500),
        std=(0.262, 0.262, 0.262),
        licence="BSD-3-Clause (drawn by the course)",
        format="drawn",
    )
)
