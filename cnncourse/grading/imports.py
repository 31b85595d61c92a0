"""What the grader's own processes leave out when they import."""

import sys

_GRAMMARS = "rfc3987_syntax"


def without_iri_grammars() -> None:
    """Keep jsonschema, which nbformat imports, from building grammars of international addresses.

    That takes longer than all the rest of nbgrader, in each process, and a notebook's schema has no such
    address. jsonschema gets on without the library. Where it is loaded already, nothing changes. To be called
    by a process that is the grader's alone, before it imports nbformat.

    Example:
        >>> without_iri_grammars()
        >>> import jsonschema
    """
    sys.modules.setdefault(_GRAMMARS, None)  # type: ignore[arg-type]  # documented: its import fails
