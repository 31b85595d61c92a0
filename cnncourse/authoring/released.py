"""The last step of nbgrader's generate_assignment: bring the students' version into its one stored form."""

from typing import Any

from nbformat import NotebookNode
from nbgrader.preprocessors import ComputeChecksums, NbGraderPreprocessor

from cnncourse.authoring.clean import clean

MARK = {"generated": "from solutions/ by `make exercises` — edit the solution instead"}


class Normalise(NbGraderPreprocessor):  # type: ignore[misc]  # nbgrader carries no types
    """Normalise the students' version and mark it as generated."""

    def preprocess(self, notebook: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        """Clean the whole notebook, as nbgrader calls it.

        Example:
            >>> import nbformat
            >>> Normalise().preprocess(nbformat.v4.new_notebook(), {})[0].metadata.cnncourse.generated[:14]
            'from solutions'
        """
        notebook.metadata["cnncourse"] = MARK
        return clean(notebook, "exercise"), resources


def with_normalise(preprocessors: list[Any]) -> list[Any]:
    """Put ``Normalise`` into nbgrader's steps, before the last checksums are computed.

    Example:
        >>> [step.__name__ for step in with_normalise([ComputeChecksums, ComputeChecksums])]
        ['ComputeChecksums', 'Normalise', 'ComputeChecksums']
    """
    last = max(i for i, step in enumerate(preprocessors) if step is ComputeChecksums)
    return [*preprocessors[:last], Normalise, *preprocessors[last:]]
