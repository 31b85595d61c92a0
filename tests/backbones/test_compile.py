"""torch.export, ONNX and torch.compile, for every kind of module in the registry.

Nets that bring no new kind of module are left out, and so are repeated blocks (``short``). ONNX is written
where a net calls an operator that no net before it did. The backend of torch.compile is "eager": the whole
graph must be captured, without a C compiler's minutes.
"""

import warnings
from typing import Any

import onnx
import pytest
import torch
from onnx.reference import ReferenceEvaluator

from cnncourse import backbones
from tests.backbones.forms import pictures, short, slim


def structures() -> list[str]:
    """Return names of nets that together hold every kind of module in the registry."""
    chosen, seen = [], set()
    for name in backbones.names():
        with torch.device("meta"):
            kinds = {type(module) for module in slim(name).modules()}
        if not kinds <= seen:
            chosen.append(name)
            seen |= kinds
    return chosen


STRUCTURES = structures()
EVALUATED = ("lenet5", "shufflenet_v2_x0_5", "resnet18")  # the reference evaluator is slow: three are enough
translated: set[tuple[Any, ...]] = set()  # what this worker's nets have turned into ONNX so far


def call(node: torch.fx.Node) -> tuple[Any, ...]:
    """Say which operator a node calls, with its switches (ceil_mode, align_corners and the like)."""
    return (str(node.target), *(argument for argument in node.args if isinstance(argument, bool)))


def onnx_program(exported: torch.export.ExportedProgram) -> torch.onnx.ONNXProgram:
    """Translate into ONNX and check the result."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # onnxscript's own deprecations
        program = torch.onnx.export(exported, dynamo=True, optimize=False, verbose=False)
    assert program is not None
    onnx.checker.check_model(program.model_proto)
    return program


def test_shortened_nets_are_short():
    assert len(STRUCTURES) < 0.7 * len(backbones.names())
    assert len(list(short("resnet110").modules())) < 0.3 * len(list(slim("resnet110").modules()))


@pytest.mark.parametrize("name", STRUCTURES)
def test_export_and_onnx(name):
    net = short(name).eval()
    x = pictures(net, 3)
    exported = torch.export.export(net, (x,), dynamic_shapes=({0: torch.export.Dim("n", min=2)},))
    more = pictures(net, 5)  # another batch size than the one it was exported with
    torch.testing.assert_close(exported.module()(more), net(more), rtol=1e-4, atol=1e-5)
    calls = {call(node) for node in exported.graph.nodes if node.op == "call_function"}
    if name in EVALUATED or not calls <= translated:
        translated.update(calls)
        program = onnx_program(exported)
        assert len(program.model.graph.outputs) == 1
    if name in EVALUATED:
        session = ReferenceEvaluator(program.model_proto)
        (got,) = session.run(None, {session.input_names[0]: more.numpy()})
        torch.testing.assert_close(torch.from_numpy(got), net(more), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", STRUCTURES)
def test_compiles_as_one_graph(name):
    torch.compiler.reset()
    net = short(name).eval()
    x = pictures(net, 3)
    compiled = torch.compile(net, backend="eager", fullgraph=True)
    torch.testing.assert_close(compiled(x), net(x), rtol=1e-4, atol=1e-5)


def test_trains_compiled():
    torch.compiler.reset()
    net = short("resnet20")
    x = pictures(net, 3)
    torch.compile(net, backend="aot_eager", fullgraph=True)(x).sum().backward()
    assert all(weight.grad is not None for weight in net.parameters())
