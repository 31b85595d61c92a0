import subprocess
import sys

BEGIN = "import sys; from cnncourse.grading.imports import without_iri_grammars; "


def run(code):
    return subprocess.run([sys.executable, "-c", BEGIN + code], capture_output=True, text=True)


def test_no_grammar_is_built_and_notebooks_are_validated_as_before():
    said = run(
        "without_iri_grammars(); import nbformat; nbformat.validate(nbformat.v4.new_notebook()); "
        "assert 'lark' not in sys.modules\n"
        "wrong = {'cells': [{'id': 'a'}], 'metadata': {}, 'nbformat': 4, 'nbformat_minor': 5}\n"
        "try: nbformat.validate(wrong)\n"
        "except nbformat.ValidationError: print('refused')"
    )
    assert (said.stdout.strip(), said.stderr) == ("refused", "")


def test_what_is_loaded_already_stays():
    said = run(
        "import rfc3987_syntax as loaded; without_iri_grammars(); import rfc3987_syntax; "
        "assert rfc3987_syntax is loaded"
    )
    assert not said.stderr


def test_the_command_calls_it_before_nbformat_comes():
    said = run(
        "from cnncourse.grading import command\n"
        "try: command.grade('absent')\n"
        "except Exception as error: print(error)\n"
        "assert 'nbformat' in sys.modules or 'nbgrader' in sys.modules; assert 'lark' not in sys.modules"
    )
    assert said.stderr == ""
