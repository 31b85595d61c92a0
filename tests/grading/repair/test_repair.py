"""Innocent damage to a notebook is mended and named; what cannot be mended says why."""

import copy
import json

import nbformat
import pytest

from cnncourse.grading.repair.parse import MAX_BYTES, MAX_CELLS
from cnncourse.grading.repair.repair import Unreadable, repair
from tests.exercises import sample

ORDER = [
    "title",
    "setup",
    "double-answer",
    "double-value",
    "double-input",
    "count-answer",
    "count-value",
    "why-even",
    "report",
]
DOUBLE = "def double(x):\n    return x + x"
STUB = "    # YOUR CODE HERE\n    raise NotImplementedError()"
ANSWER = "It is two times a number."


@pytest.fixture(scope="module")
def source():
    return sample.notebook()


@pytest.fixture
def handed_in(source):
    """A submission as a plain dictionary, with both functions and the question answered."""
    content = json.loads(nbformat.writes(source))
    for cell in content["cells"]:
        cell["source"] = "".join(cell["source"])
        if cell["id"] == "count-value":
            cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": ["✓"]}]
    cell_of(content, "double-answer")["source"] = DOUBLE
    cell_of(content, "count-answer")["source"] = "def count(x):\n    return x.numel()"
    cell_of(content, "double-value")["source"] = visible(sample.DOUBLE_VALUE)
    cell_of(content, "why-even")["source"] = ANSWER
    return content


def visible(text):
    start, end = text.index("    ### BEGIN HIDDEN"), text.index("    ### END HIDDEN TESTS")
    return (text[:start] + text[end + len("    ### END HIDDEN TESTS") :]).rstrip()


def cell_of(content, name):
    return next(cell for cell in content["cells"] if cell["id"] == name)


def mend(content, source):
    done = repair(json.dumps(content).encode(), source)
    nbformat.validate(done.notebook)
    return done


def ids(done):
    return [cell.id for cell in done.notebook.cells]


def source_of(done, name):
    return next(cell.source for cell in done.notebook.cells if cell.id == name)


def test_a_sound_notebook_needs_no_repair(handed_in, source):
    done = mend(handed_in, source)
    assert done.repairs == ()
    assert ids(done) == ORDER
    assert source_of(done, "double-answer") == DOUBLE
    assert source_of(done, "why-even") == ANSWER


def test_nothing_but_text_and_marks_comes_through(handed_in, source):
    cell = cell_of(handed_in, "count-value")
    cell["metadata"] |= {"tags": ["skip-execution"], "collapsed": True}
    cell["metadata"]["nbgrader"]["points"] = 1000
    handed_in["metadata"]["widgets"] = {"a": 1}
    done = mend(handed_in, source)
    test = next(cell for cell in done.notebook.cells if cell.id == "count-value")
    assert set(test.metadata) == {"nbgrader"}
    assert test.metadata.nbgrader.points == 3
    assert test.outputs == []
    assert "widgets" not in done.notebook.metadata


def test_answers_and_hidden_tests_are_never_given_away(source):
    empty = {"cells": [{"cell_type": "code", "source": "", "id": "double-answer"}], "nbformat": 4}
    text = nbformat.writes(mend(empty, source).notebook)
    assert "generator" not in text
    assert "2 * x" not in text
    assert "numel" not in text
    assert "2 is even" not in text


def test_windows_line_ends(handed_in, source):
    for cell in handed_in["cells"]:
        cell["source"] = cell["source"].replace("\n", "\r\n")
    done = mend(handed_in, source)
    assert source_of(done, "double-answer") == DOUBLE
    assert done.repairs == ("Lines ended as on Windows; they were given plain ends.",)


@pytest.mark.parametrize(
    ("encoding", "said"),
    [("utf-8-sig", "byte order mark"), ("utf-16", "UTF-16"), ("latin-1", "not saved as")],
)
def test_other_encodings(handed_in, source, encoding, said):
    cell_of(handed_in, "why-even")["source"] = "Zwei ist natürlich gerade."
    done = repair(json.dumps(handed_in, ensure_ascii=False).replace("✓", "v").encode(encoding), source)
    assert source_of(done, "why-even") == "Zwei ist natürlich gerade."
    assert said in done.repairs[0]


@pytest.mark.parametrize("name", ["double-value", "setup", "why-even", "title"])
def test_a_deleted_cell_is_put_back_in_its_place(handed_in, source, name):
    marked = name != "setup" and name != "title"
    handed_in["cells"].remove(cell_of(handed_in, name))
    done = mend(handed_in, source)
    assert ids(done) == (ORDER if marked else [other for other in ORDER if other != name])
    assert any("was missing" in line for line in done.repairs) == marked


def test_a_deleted_answer_is_named_and_not_invented(handed_in, source):
    handed_in["cells"].remove(cell_of(handed_in, "count-answer"))
    done = mend(handed_in, source)
    assert "count-answer" not in ids(done)
    assert done.repairs == ("The answer cell “count-answer” is missing.",)


def test_of_copies_the_answered_one_counts(handed_in, source):
    untouched = copy.deepcopy(cell_of(handed_in, "double-answer"))
    untouched |= {"id": "other", "source": sample.DOUBLE.split("    ###")[0] + STUB}
    handed_in["cells"].insert(6, untouched)
    done = mend(handed_in, source)
    assert ids(done) == ORDER
    assert source_of(done, "double-answer") == DOUBLE
    assert done.repairs == ("The cell “double-answer” was there 2 times; one of them was graded.",)


def test_a_changed_copy_stays_as_a_cell_of_the_students(handed_in, source):
    draft = copy.deepcopy(cell_of(handed_in, "double-answer")) | {"id": "draft", "source": "first = 1"}
    handed_in["cells"].insert(2, draft)
    done = mend(handed_in, source)
    assert ids(done) == [*ORDER[:2], "draft", *ORDER[2:]]
    assert "nbgrader" not in done.notebook.cells[2].metadata


def test_a_copied_test_is_run_once(handed_in, source):
    handed_in["cells"].append(copy.deepcopy(cell_of(handed_in, "count-value")) | {"id": "again"})
    assert ids(mend(handed_in, source)) == ORDER


def test_moved_cells_go_home_and_the_others_stay(handed_in, source):
    cells = handed_in["cells"]
    cells.insert(1, cells.pop(ORDER.index("count-value")))
    cells.insert(4, {"cell_type": "code", "source": "mine = 1", "id": "mine", "metadata": {}})
    done = mend(handed_in, source)
    assert [name for name in ids(done) if name != "mine"] == ORDER
    assert done.repairs == ("The cell “count-value” had been moved; it was put back in its place.",)


def test_a_shuffled_notebook_is_put_in_order(handed_in, source):
    handed_in["cells"].reverse()
    assert ids(mend(handed_in, source)) == ORDER


@pytest.mark.parametrize(
    ("name", "kind"), [("double-answer", "markdown"), ("why-even", "code"), ("double-value", "raw")]
)
def test_a_retyped_cell(handed_in, source, name, kind):
    cell_of(handed_in, name)["cell_type"] = kind
    done = mend(handed_in, source)
    mended = next(cell for cell in done.notebook.cells if cell.id == name)
    assert mended.cell_type == source.cells[ORDER.index(name)].cell_type
    assert "had become" in done.repairs[0]


def test_lost_marks_are_found_by_id(handed_in, source):
    for cell in handed_in["cells"]:
        cell["metadata"] = {}
    done = mend(handed_in, source)
    assert [cell.metadata for cell in done.notebook.cells] == [cell.metadata for cell in source.cells]
    assert done.repairs == ("6 cells had lost nbgrader's mark; they were recognised and marked again.",)


def test_lost_marks_are_found_by_the_id_that_colab_keeps(handed_in, source):
    for cell in handed_in["cells"]:
        cell["metadata"] = {"id": cell.pop("id")}
    handed_in["cells"][2]["source"] = "double = lambda x: 2 * x"  # nothing else tells which cell it is
    done = mend(handed_in, source)
    assert ids(done) == ORDER
    assert source_of(done, "double-answer") == "double = lambda x: 2 * x"


def test_lost_marks_and_ids_are_found_by_what_cells_say(handed_in, source):
    for cell in handed_in["cells"]:
        cell["metadata"] = {}
        cell.pop("id")
    handed_in["cells"][2]["source"] += "\n# a remark"
    handed_in["cells"][4]["source"] = 'with check.cell("double-input", points=9):\n    pass'
    handed_in["cells"][6]["source"] = sample.COUNT_VALUE.replace('"count-value"', '"mine"')
    done = mend(handed_in, source)
    assert ids(done) == ORDER
    assert [line for line in done.repairs if "missing" in line] == []
    assert source_of(done, "why-even") == ANSWER
    assert any("no id" in line for line in done.repairs)


def test_a_rewritten_test_is_the_original_again(handed_in, source):
    cell_of(handed_in, "count-value")["source"] = "print('✓')"
    done = mend(handed_in, source)
    assert source_of(done, "count-value") == sample.COUNT_VALUE
    assert "had been changed" in done.repairs[0]


def test_what_a_student_adds_to_a_locked_cell_still_runs(handed_in, source):
    source = copy.deepcopy(source)
    source.cells[1].metadata["nbgrader"] = {
        "grade_id": "setup",
        "grade": False,
        "solution": False,
        "locked": True,
    }
    cell_of(handed_in, "setup")["source"] += "\nimport math"
    done = mend(handed_in, source)
    assert source_of(done, "setup") == sample.SETUP
    assert done.notebook.cells[2].source.endswith("import math")


def test_another_kernel_and_another_format_are_named(handed_in, source):
    handed_in["metadata"]["kernelspec"]["name"] = "conda-env-py"
    handed_in["nbformat"] = 3
    handed_in["worksheets"] = [{"cells": handed_in.pop("cells")}]
    for cell in handed_in["worksheets"][0]["cells"]:
        if cell["cell_type"] == "code":
            cell["input"] = cell.pop("source")
    done = mend(handed_in, source)
    assert ids(done) == ORDER
    assert source_of(done, "double-answer") == DOUBLE
    assert done.notebook.metadata.kernelspec.name == "python3"
    assert ["format 3" in done.repairs[0], "conda-env-py" in done.repairs[1]] == [True, True]


def test_text_that_is_none_and_bad_attachments(handed_in, source):
    cell = cell_of(handed_in, "why-even")
    cell["source"] = "null \x00 half \ud800"
    good = {"image/png": "iVBORw0KGgo=", "image/svg+xml": "<svg onload='x'>"}
    cell["attachments"] = {"a.png": good, "b.png": {"image/png": '"><script>'}, "<c>": good}
    done = mend(handed_in, source)
    mended = next(cell for cell in done.notebook.cells if cell.id == "why-even")
    assert mended.source == "null � half �"
    assert mended.attachments == {"a.png": {"image/png": "iVBORw0KGgo="}}


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "empty"),
        (b" \r\n\0", "empty"),
        (b" " * (MAX_BYTES + 1), "larger than 10 MB"),
        (b"PK\x03\x04rest", "zip archive"),
        (b"%PDF-1.7", "PDF"),
        (b"<!DOCTYPE html><html>", "web page"),
        (b"import torch\n", "Python script"),
        (b'{"cells": [{"cell_type": "co', "cut off"),
        (b'{"cells": [}, "nbformat": 4}', "line 1 is damaged"),
        (b'{"cells": [\n<<<<<<< HEAD\n"a"\n>>>>>>> b\n]}', "git"),
        (b"[1, 2]", "not a notebook"),
        (b'"text"', "not a notebook"),
        (b'{"a": 1}', "not a notebook"),
        (b'{"cells": []}', "no cells"),
        (b'{"cells": [1, null]}', "no cells"),
        (b'{"cells": [{"cell_type": "code", "source": "x = 1"}]}', "“A sample”"),
    ],
)
def test_what_cannot_be_graded_says_why(source, raw, said):
    with pytest.raises(Unreadable, match=said) as caught:
        repair(raw, source)
    assert not caught.value.quarantine


@pytest.mark.parametrize(
    "raw", [b"[" * 200_000, json.dumps({"cells": [{"source": "x"}] * (MAX_CELLS + 1)}).encode()]
)
def test_what_no_accident_makes_is_for_a_person(source, raw):
    with pytest.raises(Unreadable) as caught:
        repair(raw, source)
    assert caught.value.quarantine
