import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from cnncourse.authoring.rules import problems

TITLE = new_markdown_cell("# Title", id="title")


def markdown(source):
    return new_markdown_cell(source, id="text")


def code(source="1", outputs=(), **options):
    return new_code_cell(source, id="code", outputs=list(outputs), **{"execution_count": 1} | options)


def found(*cells, kind="chapter", title=True):
    return problems(new_notebook(cells=[*([TITLE] if title else []), *cells]), kind)


def result(**data):
    return new_output("display_data", {mime.replace("_", "/"): value for mime, value in data.items()})


FIGURE = result(image_png="iVBO", text_plain="<Figure size 640x480 with 1 Axes>")
ALT = {"mystnb": {"image": {"alt": "A grid of nine numbers"}}}

GOOD_MARKDOWN = """\
## A heading

Costs `$$` and $x^2$; see [the text](02_convolution.ipynb), `{name}` and `b`.

$$
y = 2x
$$

```python
# comment
{x}`y`
```

<div class="admonition note">

Text with **bold**. ![A cat](assets/cat.png) <img src="a.png" alt="A cat">

</div>
"""


def test_a_good_notebook_has_no_problems():
    tagged = code("1/0", [new_output("error", ename="E", evalue="", traceback=["Cell In[1]"])])
    tagged.metadata["tags"] = ["raises-exception"]
    tagged.id = "broken"
    link = code("x", [result(text_html='<a href="https://example.org/usr/lib/">x</a>')])
    link.id = "link"
    assert found(markdown(GOOD_MARKDOWN), code("x", [FIGURE], metadata=ALT), tagged, link) == []


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("# Another title", "exactly one heading of level 1, this one has 2"),
        ("### Skipped", "a heading of level 3 follows one of level 1"),
        ("$$ y = x $$", "$$ stands on a line of its own"),
        ("$$\ny = x", "a $$ is not closed"),
        ("{ref}`conv`", "a MyST role"),
        ("```{note}\nText\n```", "a MyST directive"),
        (":::{note}\nText\n:::", "a MyST directive"),
        ("(target)=\n## H", "a MyST target"),
        ("So it is[^1]", "a footnote"),
        ("<h2>H</h2>", "an HTML heading"),
        ("<script>1</script>", "a script"),
        ('<iframe src="x"></iframe>', "a script"),
        ("![A cat](https://example.org/cat.png)", "a picture from another host"),
        ('<img alt="A cat" src="https://example.org/cat.png">', "a picture from another host"),
        ("![](cat.png)", "a picture without alt text"),
        ('<img src="cat.png">', "a picture without alt text"),
        ('<img src="cat.png" alt="">', "a picture without alt text"),
        ("![A cat](attachment:cat.png)", "an attachment"),
    ],
)
def test_markdown(source, words):
    problem = found(markdown(source))
    assert any(words in line for line in problem), problem


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        (code("x = 1\n" * 26), "26 lines of code, at most 25"),
        (code(execution_count=None), "has not been executed"),
        (code(metadata={"tags": ["skip-execution"]}), "skip-execution"),
        (code(outputs=[FIGURE]), "image.alt does not say"),
        (code(outputs=[FIGURE], metadata={"mystnb": {"image": {"alt": "figure"}}}), "image.alt does not say"),
        (code(outputs=[result(image_png="A" * 140_000)], metadata=ALT), "more than 100,000 bytes"),
        (code(outputs=[new_output("error", ename="E", evalue="no", traceback=[])]), "ended with E: no"),
        (code(outputs=[new_output("stream", name="stderr", text="careful\n")]), "writes to stderr: careful"),
        (
            code(outputs=[new_output("stream", name="stdout", text="in /home/ada/x.py")]),
            "this machine: /home/ada/x.py",
        ),
        (code(outputs=[result(text_plain="'/tmp/x'")]), "this machine: /tmp/x"),
        (code(outputs=[result(text_plain="C:\\\\Users")]), "this machine: C:"),
        (code(outputs=[result(text_html="<i>/usr/lib/x</i>")]), "this machine: /usr/lib/x"),
        (code(outputs=[result(text_plain="<f at 0x7f00aa00bb00>")]), "a memory address"),
    ],
)
def test_code(cell, words):
    problem = found(cell)
    assert any(words in line for line in problem), problem


@pytest.mark.parametrize(
    "name", ["a1b2c3d4", "Setup", "conv_loops", "3d", "f47ac10b-58cc-4372-a567-0e02b2c3d479", "-a"]
)
def test_ids_are_words(name):
    cell = code()
    cell.id = name
    assert any("made of words" in line for line in found(cell))


@pytest.mark.parametrize("name", ["setup", "conv2d-3x3", "im2col", "deadbeef"])
def test_words_are_fine_ids(name):
    cell = code()
    cell.id = name
    assert found(cell) == []


@pytest.mark.parametrize(
    ("source", "below"),
    [
        ("from cnncourse.train.record import read", True),
        ("try:\n    import cnncourse.data.registry as r\nexcept ImportError:\n    pass", True),
        ("from cnncourse.train import Recipe\nimport cnncourse.data", False),
        ("s = 'cnncourse.train.record'  # see cnncourse.train.record", False),
    ],
)
@pytest.mark.parametrize("kind", ["chapter", "solution", "exercise"])
def test_notebooks_import_from_faces_only(source, below, kind):
    assert any("from a sub-package itself" in line for line in found(code(source), kind=kind)) == below


def test_ids_are_unique_and_equal_the_grade_id():
    notebook = new_notebook(cells=[TITLE, code()])
    notebook.cells.append(code())
    assert any("two cells" in line for line in problems(notebook, "chapter"))
    assert any(
        "grade_id 'other'" in line for line in found(code(metadata={"nbgrader": {"grade_id": "other"}}))
    )


def test_a_title_is_needed():
    assert any("this one has 0" in line for line in found(code(), title=False))


def test_chapters_have_short_cells_and_solutions_may_have_longer_ones():
    six = code("x = 1\n" * 6)
    assert any("median cell has 6 lines" in line for line in found(six))
    assert found(code("x = 1\n\n# why\n" * 5)) == []
    assert found(code("x = 1\n" * 30), kind="solution") == []


def test_exercises_need_not_have_been_executed():
    assert found(code(execution_count=None), kind="exercise") == []


def test_a_notebook_has_a_largest_size():
    assert any("at most 600,000" in line for line in found(markdown("word " * 130_000)))


@pytest.mark.parametrize("kind", ["chapter", "solution", "exercise"])
def test_a_line_of_code_has_80_columns(kind):
    cell = code("x = 1\n" + "y" * 81)
    assert any("line 2 has 81 columns" in line for line in found(cell, kind=kind))
    assert found(code("y" * 80), markdown("y" * 81), kind=kind) == []
