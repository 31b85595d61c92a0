"""Test cells that read an input after the learner's code has had it: the answer could have changed it.

In a learner's own notebook an answer gets the test's own objects. So what is expected is computed before the
call, or the call gets a copy (``x.clone()``, ``check.copy(state)``). This follows the names of a notebook
through its test cells as Python would run them, each loop twice. It knows numbers and texts, which nobody can
change, and the usual ways in which two names come to share a tensor. What it does not know is found by a test
that changes the inputs of every test cell, ``tests/exercises/test_inputs.py``.
"""

import ast
import contextlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from nbformat import NotebookNode

from cnncourse.authoring.sharing import FIXED, Thing, item_of, join, part_of, sequence_of
from cnncourse.grading.cells import parse
from cnncourse.grading.judge.plan import Answer, Given, Shared, Test, steps

_VIEWS = re.compile(
    "view|reshape|flatten|unflatten|ravel|transpose|permute|swapaxes|movedim|squeeze|unsqueeze|t|narrow|select|"
    "expand|expand_as|unfold|diagonal|split|chunk|unbind|detach|contiguous|to|float|double|long|numpy|values|"
    "get|requires_grad_"
)
_PASSED_ON = re.compile("list|tuple|dict|sorted|reversed|iter|next|from_numpy|as_tensor")
_NUMBERS = re.compile("int|float|str|len|bool|repr|round|isinstance|range|item|size|numel|dim|format|join")
_LIKE_ITS_ITEMS = re.compile("abs|min|max|sum")  # of numbers a number, of tensors a tensor
_FACTS = re.compile("shape|ndim|dtype|device|requires_grad|is_leaf")
_ASKS = {"check.after": 0, "check.unchanged": 1}  # which argument is about what came back


def read_afterwards(notebook: NotebookNode) -> list[str]:
    """Name what test cells read after they have handed it over, one line each; empty when all is well.

    Args:
        notebook: an instructor's version, or the students'.

    Example:
        >>> from nbformat.v4 import new_code_cell, new_notebook
        >>> read_afterwards(new_notebook(cells=[new_code_cell("x = 1", id="one")]))
        []
    """
    follow = _Follow()
    for step in steps(notebook):
        follow.cell, follow.tests = step.cell, isinstance(step, Test)
        if isinstance(step, Answer):
            follow.theirs |= step.callables | step.others
        elif isinstance(step, Given):
            follow.theirs.add(step.name)
        elif isinstance(step, Shared):
            follow.run(step.body.body)
        else:
            follow.run(parse(step.source).body)
    return list(dict.fromkeys(follow.found))


@dataclass
class _Follow:
    theirs: set[str] = field(default_factory=set)
    names: dict[str, Thing] = field(default_factory=dict)
    helpers: dict[str, tuple[bool, set[str]]] = field(default_factory=dict)  # hands on; names from outside
    found: list[str] = field(default_factory=list)
    cell: str = ""
    tests: bool = False
    calls: int = 0

    def run(self, statements: Iterable[ast.stmt]) -> None:
        for statement in statements:
            self._statement(statement)

    def _statement(self, node: ast.stmt) -> None:
        match node:
            case ast.FunctionDef():
                self._helper(node)
            case ast.For():
                whole = self._passing(node.iter)
                for _ in range(2):
                    self.bind(node.target, item_of(whole))
                    self.run(node.body)
                self.run(node.orelse)
            case ast.While():
                for _ in range(2):
                    self.value(node.test)
                    self.run(node.body)
            case ast.Assign():
                thing = self.value(node.value)
                for target in node.targets:
                    self.bind(target, thing)
            case ast.AugAssign():
                old = self.value(_loaded(node.target))
                self.bind(node.target, join((old, self.value(node.value))))
            case ast.Import() | ast.ImportFrom():
                for alias in node.names:
                    self.names[(alias.asname or alias.name).partition(".")[0]] = FIXED
            case _:
                self._in_order(node)

    def _in_order(self, node: ast.AST) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.stmt):
                self._statement(child)
            elif isinstance(child, ast.expr):
                self.value(child)
            else:  # a handler, an item of a with
                self._in_order(child)

    def _helper(self, node: ast.FunctionDef) -> None:
        """Go through a test's own function once, with things that nobody has had."""
        before, calls = dict(self.names), self.calls
        arguments = node.args
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        every += [one for one in (arguments.vararg, arguments.kwarg) if one]
        self.names |= {argument.arg: self._new() for argument in every}
        self.run(node.body)
        self.names = before
        found = [name for name in ast.walk(node) if isinstance(name, ast.Name)]
        own = {a.arg for a in every} | {name.id for name in found if isinstance(name.ctx, ast.Store)}
        self.helpers[node.name] = self.calls > calls, {name.id for name in found} & set(before) - own
        self.theirs.discard(node.name)

    def bind(self, target: ast.expr, thing: Thing) -> None:
        match target:
            case ast.Name():
                self.names[target.id] = thing
                self.helpers.pop(target.id, None)
            case ast.Tuple() | ast.List():
                known = thing.unpacked(len(target.elts))
                for number, part in enumerate(target.elts):
                    self.bind(part, part_of(known[number], thing) if known else item_of(thing))
            case ast.Starred():
                self.bind(target.value, sequence_of(item_of(thing)))
            case ast.Subscript() | ast.Attribute():
                whole = self.value(target.value)
                whole.items_fixed = whole.items_fixed and (thing.fixed or whole.fixed)

    def value(self, node: ast.expr) -> Thing:
        match node:
            case ast.Constant():
                return FIXED
            case ast.Name():
                return self._read(node.id)
            case ast.Tuple() | ast.List() | ast.Set():
                return self._display(node, [self._argument(part) for part in node.elts])
            case ast.Dict():
                return self._holding([self.value(value) for value in node.values])
            case ast.ListComp() | ast.GeneratorExp() | ast.SetComp():
                return self._comprehension(node.generators, node.elt)
            case ast.DictComp():
                return self._comprehension(node.generators, node.value)
            case ast.Lambda():
                with self._scope():
                    self.names |= {argument.arg: self._new() for argument in node.args.args}
                    return self.value(node.body)
            case ast.NamedExpr():
                thing = self.value(node.value)
                self.bind(node.target, thing)
                return thing
            case ast.Attribute():
                base = self.value(node.value)
                return FIXED if base.fixed or _FACTS.fullmatch(node.attr) else self._new(base)
            case ast.Subscript():
                base, _ = self.value(node.value), self.value(node.slice)
                return item_of(base)
            case ast.IfExp():
                self.value(node.test)
                return join((self.value(node.body), self.value(node.orelse)))
            case ast.Call():
                return self._call(node)
        parts = [self.value(child) for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)]
        fixed = all(part.fixed or isinstance(node, ast.JoinedStr) for part in parts)
        items_fixed = all(part.items_fixed for part in parts)
        return FIXED if fixed else replace(self._new(), items_fixed=items_fixed)

    def _display(self, node: ast.Tuple | ast.List | ast.Set, parts: list[Thing]) -> Thing:
        stars = [number for number, part in enumerate(node.elts) if isinstance(part, ast.Starred)]
        fixed = all(part.fixed for part in parts)
        made = replace(self._holding(parts), fixed=fixed and isinstance(node, ast.Tuple))
        return replace(made, items=tuple(parts), star=stars[0] if stars else None)

    def _comprehension(self, generators: list[ast.comprehension], item: ast.expr) -> Thing:
        with self._scope():
            first = self._passing(generators[0].iter)
            for _ in range(2):
                for part in generators:
                    whole = first if part is generators[0] else self._passing(part.iter)
                    self.bind(part.target, item_of(whole))
                    for test in part.ifs:
                        self.value(test)
                made = self.value(item)
        return sequence_of(made)

    @contextlib.contextmanager
    def _scope(self) -> Iterator[None]:
        before = dict(self.names)
        yield
        self.names = before

    def _read(self, name: str) -> Thing:
        thing = self.names.get(name, FIXED)
        if self.tests and (call := thing.had_by()):
            self.found.append(
                f"[{self.cell}] {name} is read after {call} has had it, which may have changed it: "
                "compute what is expected before the call, or hand over a copy"
            )
        return thing

    def _call(self, node: ast.Call) -> Thing:
        called = ast.unparse(node.func)
        name = called.rpartition(".")[2]
        base = self.value(node.func.value) if isinstance(node.func, ast.Attribute) else FIXED
        if called in ("zip", "enumerate"):
            return self._paired(called, [self._passing(part) for part in node.args])
        given = [self._argument(part) for part in _about(node, called)]
        if called in self.helpers:
            hands_on, outside = self.helpers[called]
            for used in sorted(outside):
                self._read(used)
            return self._lend(called, given) if hands_on else self._new()
        if called in self.theirs or base.theirs or self.names.get(called, FIXED).theirs:
            return self._lend(called, given)
        return self._known(name, base, given, method=isinstance(node.func, ast.Attribute))

    def _passing(self, node: ast.expr) -> Thing:
        """Evaluate what is only gone through. What has been handed over tells when it is used."""
        if isinstance(node, (ast.Tuple, ast.List)) and not any(isinstance(p, ast.Starred) for p in node.elts):
            return self._display(node, [self._passing(part) for part in node.elts])
        thing = self.names.get(node.id) if isinstance(node, ast.Name) else None
        if thing is None:
            return self.value(node)
        return replace(thing, lent=thing.had_by()) if thing.had_by() else thing

    def _argument(self, node: ast.expr) -> Thing:
        return item_of(self.value(node.value)) if isinstance(node, ast.Starred) else self.value(node)

    def _paired(self, name: str, given: list[Thing]) -> Thing:
        first = (FIXED,) if name == "enumerate" else ()
        each = (*first, *map(item_of, given))
        return sequence_of(Thing(items=each, fixed=all(part.fixed for part in each)))

    def _known(self, name: str, base: Thing, given: list[Thing], *, method: bool) -> Thing:
        fixed = all(thing.fixed or thing.items_fixed for thing in (base, *given))
        if _NUMBERS.fullmatch(name) or (_LIKE_ITS_ITEMS.fullmatch(name) and fixed):
            return FIXED
        if name == "tolist":
            return replace(self._new(), items_fixed=True)
        if name == "items":
            return sequence_of(Thing((base,), items=(FIXED, item_of(base))))
        if name in ("append", "extend", "update") and method:
            made = join((base, *([sequence_of(given[0])] if name == "append" and given else given)))
            base.wholes, base.items, base.items_fixed = (*base.wholes, *given), made.items, made.items_fixed
            return FIXED
        if _PASSED_ON.fullmatch(name):
            return replace(self._new(), fixed=name == "tuple", items_fixed=True) if fixed else join(given)
        return self._new(base) if method and _VIEWS.fullmatch(name) else self._new()

    def _lend(self, called: str, given: list[Thing]) -> Thing:
        self.calls += 1
        for thing in given:
            if thing.fixed:
                continue
            others = sorted(thing.cells() - {self.cell, ""})
            if others and self.tests:
                self.found.append(
                    f"[{self.cell}] {called} gets something of the cell {others[0]} itself: hand over a copy"
                )
            thing.lend(called)
        return replace(self._new(), theirs=True)

    def _holding(self, parts: list[Thing]) -> Thing:
        fixed = all(part.fixed for part in parts)
        held = tuple(part for part in parts if not part.fixed)
        return replace(self._new(), parts=held, items_fixed=fixed, theirs=any(part.theirs for part in held))

    def _new(self, *wholes: Thing) -> Thing:
        parts = tuple(whole for whole in wholes if not whole.fixed)
        theirs = any(part.theirs for part in parts)
        return Thing(parts, cell=self.cell, theirs=theirs)


def _loaded(target: ast.expr) -> ast.expr:
    """Give the target of ``+=`` as the value that it has before."""
    return ast.parse(ast.unparse(target), mode="eval").body


def _about(node: ast.Call, called: str) -> list[ast.expr]:
    """List a call's arguments, without the one that asks what became of an input."""
    asked = _ASKS.get(called, len(node.args))
    return [*node.args[:asked], *node.args[asked + 1 :], *(word.value for word in node.keywords)]
