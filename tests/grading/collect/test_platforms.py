"""Each platform's entry reads its own example, and no other's; the instructors' page names them all."""

from pathlib import Path

import pytest

from cnncourse.grading.collect.platforms import PLATFORMS, recognise
from cnncourse.grading.collect.submissions import collect
from tests.grading.collect.archives import NAME, refused, students, zipped
from tests.grading.config import pattern

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("platform", PLATFORMS, ids=lambda platform: platform.name)
def test_the_example_is_read(tmp_path, platform):
    seen = recognise(platform.example, NAME)
    assert seen.platform is platform
    assert seen.attempt or not platform.time
    place = zipped(tmp_path / "all.zip", {platform.example: "x"})
    collected = collect(place, NAME, tmp_path / "submitted", pattern())
    assert students(collected) == {platform.student: "x"}
    assert refused(collected) == {}
    (identity,) = collected.identities
    assert (identity.lasting, bool(identity.account)) == (platform.lasting, True)


def test_the_instructors_page_names_every_platform():
    page = (ROOT / "book" / "instructors.md").read_text(encoding="utf-8")
    for platform in PLATFORMS:
        assert platform.name in page
        assert platform.example in page, platform.example


@pytest.mark.parametrize(
    "path",
    [
        f"ada_{NAME}.ipynb",
        f"ada/{NAME}.ipynb",
        f"name_1_{NAME}.ipynb",
        f"name_1_2_{NAME}/{NAME}.ipynb",
        f"team_a_12/{NAME}.ipynb",
        f"2026-01 - ada/{NAME}.ipynb",
        "name_1_10_pytorch_toolkit.ipynb",
        f"ada-submissions/bob/{NAME}.ipynb",
    ],
)
def test_plain_names_are_no_platforms(path):
    assert recognise(path, "10_pytorch_toolkit" if "pytorch" in path else NAME) is None


def test_blackboards_text_says_the_login(tmp_path):
    attempt = "attempt_2026-01-12-10-30-00"
    files = {
        f"HW_2_a_smith_{attempt}_{NAME}.ipynb": "a",
        f"HW_2_a_smith_{attempt}.txt": "Name: Anna Smith (a_smith)\nAssignment: HW_2",
    }
    collected = collect(zipped(tmp_path / "all.zip", files), NAME, tmp_path / "in", pattern())
    assert students(collected) == {"a_smith": "a"}
    del files[f"HW_2_a_smith_{attempt}.txt"]
    collected = collect(zipped(tmp_path / "all.zip", files), NAME, tmp_path / "other", pattern())
    assert "keep the text file" in refused(collected)[f"HW_2_a_smith_{attempt}_{NAME}.ipynb"]
