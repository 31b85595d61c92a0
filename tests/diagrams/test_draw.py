import re
from functools import cache
from itertools import combinations
from xml.etree import ElementTree

import pytest
import torch
from torch import Tensor, nn

from cnncourse import backbones
from cnncourse.diagrams.diagram import Bar, Block, Parallel
from cnncourse.diagrams.draw import WIDTH, Drawing, draw
from cnncourse.diagrams.outline import outline
from cnncourse.errors import ArgumentError

SVG = "{http://www.w3.org/2000/svg}"
SIZES = {"title": 15.0, "name": 12.0, "shape": 12.0, "times": 12.0, None: 11.0}


@cache
def meta(name: str) -> backbones.Backbone:
    """Build a net without memory for its weights, once for all tests."""
    with torch.device("meta"):
        return backbones.create(name)


@cache
def drawing(name: str) -> Drawing:
    return draw(meta(name))


def root(picture: Drawing) -> ElementTree.Element:
    return ElementTree.fromstring(str(picture))


def texts(picture: Drawing) -> list[tuple[str, tuple[float, float, float, float]]]:
    """Return every text with the box around it: left, top, right, bottom."""
    found = []
    for element in root(picture).iter(f"{SVG}text"):
        size = SIZES[element.get("class")]
        wide = 0.6 * size * len(element.text)
        x, y = float(element.get("x")), float(element.get("y"))
        left = x - {"start": 0, "middle": 0.5, "end": 1}[element.get("text-anchor")] * wide
        found.append((element.text, (left, y - 0.75 * size, left + wide, y + 0.2 * size)))
    return found


def shapes_on_the_way(net: nn.Module) -> set[str]:
    """Return the shapes that the root's own children give: what each stage hands on."""
    shapes = []
    containers = (nn.ModuleList, nn.ModuleDict)
    children = [m for c in net.children() for m in (c.children() if isinstance(c, containers) else [c])]

    def keep(module: nn.Module, args: object, output: object) -> None:
        shapes.extend([tuple(output.shape[1:])] if isinstance(output, Tensor) else [])

    handles = [c.register_forward_hook(keep) for c in children if not isinstance(c, nn.Dropout)]
    with torch.no_grad():
        net.eval()(torch.empty(1, net.in_channels, net.image_size, net.image_size, device="meta"))
    for handle in handles:
        handle.remove()
    return {"×".join(map(str, shape)) for shape in shapes}


@pytest.mark.parametrize("name", backbones.names())
def test_every_net_is_drawn(name):
    picture = drawing(name)
    tree = root(picture)  # it is XML
    words = texts(picture)

    net = meta(name)
    written = {text for text, _ in words}
    assert shapes_on_the_way(net) <= written
    assert f"{sum(p.numel() for p in net.parameters()):,} parameters" in written
    assert all("×".join(map(str, step.shape)) in picture.alt for step in picture.steps)

    for (one, a), (other, b) in combinations(words, 2):
        apart = a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
        assert apart, f"{one!r} and {other!r} overlap"
    height = float(tree.get("height"))
    for text, (left, top, right, bottom) in words:
        assert 0 <= left < right <= WIDTH, text
        assert 0 <= top < bottom <= height, text


@pytest.mark.parametrize("name", backbones.names())
def test_text_stays_inside_its_bar(name):
    picture = drawing(name)
    bars = [
        tuple(float(rect.get(key)) for key in ("x", "y", "width", "height"))
        for rect in root(picture).iter(f"{SVG}rect")
        if rect.get("class") in ("conv", "pool", "linear", "other", "image") and rect.get("width") != "14"
    ]
    words = texts(picture)
    for x, y, width, height in bars:
        inside = [box for _, box in words if x <= (box[0] + box[2]) / 2 <= x + width]
        mine = [box for box in inside if y <= (box[1] + box[3]) / 2 <= y + height]
        assert mine
        assert all(x <= left and right <= x + width for left, _, right, _ in mine)
        assert all(y <= top and bottom <= y + height for _, top, _, bottom in mine)
    for one, other in combinations(bars, 2):
        apart = [
            a + s <= b or b + t <= a
            for a, s, b, t in zip(one[:2], one[2:], other[:2], other[2:], strict=True)
        ]
        assert any(apart), (one, other)


def test_drawings_differ_and_repeat_to_the_byte():
    pictures = [str(drawing(name)) for name in backbones.names()]
    assert len(set(pictures)) == len(pictures)
    ids = [re.search(r'id="(net-\w+)"', text)[1] for text in pictures]
    assert len(set(ids)) == len(ids)
    for name in ("lenet5", "googlenet"):
        assert str(draw(name)) == str(drawing(name))


def test_ids_are_unique_and_the_picture_is_named():
    tree = root(drawing("resnet18"))
    ids = [element.get("id") for element in tree.iter() if element.get("id")]
    assert len(set(ids)) == len(ids) == 3
    assert tree.get("role") == "img"
    assert tree.get("aria-labelledby").split() == ids[1:]
    assert tree.find(f"{SVG}title").text == "resnet18"
    assert "2 × basic block" in tree.find(f"{SVG}desc").text


def test_style_reaches_nothing_outside_the_drawing():
    picture = drawing("lenet5")
    key = root(picture).get("id")
    style = root(picture).find(f"{SVG}style").text.replace("@media (prefers-color-scheme:dark){", "")
    selectors = [part for rule in style.split("}") if "{" in rule for part in rule.split("{")[0].split(",")]
    assert len(selectors) > 10
    assert all(f"#{key}" in selector for selector in selectors)
    assert 'html[data-theme="dark"]' in style


def test_residual_blocks():
    bottlenecks = [step for step in drawing("resnet50").steps if isinstance(step.item, Block)]
    assert [step.times for step in bottlenecks] == [1, 2, 1, 3, 1, 5, 1, 2]
    first, second = (step.item.items[0] for step in bottlenecks[:2])
    assert first.join == second.join == "add"
    assert [[bar.text for bar in branch] for branch in first.branches] == [
        ["1×1, 64", "3×3, 64", "1×1, 256"],
        ["1×1, 256"],
    ]
    assert second.branches[1] == ()  # the shortcut
    assert 'class="sign"' not in str(drawing("vgg16"))
    assert str(drawing("resnet50")).count('class="sign"') == len(bottlenecks) + 1  # and one in the legend


def test_inception_modules_stand_in_columns():
    module = next(step.item for step in drawing("googlenet").steps if isinstance(step.item, Block))
    assert module.name == "inception v1"
    assert module.items[0].join == "cat"
    assert [branch[-1].text for branch in module.items[0].branches] == [
        "1×1, 64",
        "3×3, 128",
        "3×3, 32",
        "1×1, 32",
    ]


def test_dense_layers_are_collapsed_though_their_outputs_grow():
    dense = [step for step in drawing("densenet121").steps if isinstance(step.item, Block)]
    assert [(step.times, step.shape[0]) for step in dense] == [(6, 256), (12, 512), (24, 1024), (16, 1024)]


def test_gates_are_one_bar_and_channels_are_shuffled():
    assert "SE" in {text for text, _ in texts(drawing("se_resnet50"))}
    assert "shuffle" in {text for text, _ in texts(drawing("shufflenet_v1"))}
    assert "split channels" in {text for text, _ in texts(drawing("shufflenet_v2_x1_0"))}
    assert {"LRN", "conv 5×5, 2 groups"} <= {text for text, _ in texts(drawing("alexnet_two_gpus"))}


def test_a_net_of_ones_own():
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b, self.c = (nn.Conv2d(3, 3, 3, padding=1) for _ in range(3))

        def forward(self, x: Tensor) -> Tensor:
            a = self.a(x)
            b = self.b(a + x)
            return self.c(a) + b + a  # a tangle: b and c both hang on a, b on x as well

    tangle = outline(nn.Sequential(Twice()), (3, 8, 8))
    assert [(step.item.name, step.item.tangled) for step in tangle] == [("twice", True)]
    assert [bar.text for bar in tangle[0].item.items] == ["3 × 3×3, 3"]
    picture = draw(nn.Sequential(Twice(), nn.Conv2d(3, 5, 1)), (3, 8, 8))
    assert "conv 1×1 → 5×8×8" in picture.alt
    assert picture.alt.startswith("Sequential, from top to bottom: image 3×8×8")


def test_root_without_modules_of_its_own_kind():
    class Plain(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = nn.Conv2d(3, 4, 1), nn.Conv2d(3, 4, 3, padding=1)

        def forward(self, x: Tensor) -> Tensor:
            return nn.functional.interpolate(self.a(x) * self.b(x), scale_factor=2)

    one, enlarge = outline(Plain(), (3, 8, 8))
    assert isinstance(one.item.items[0], Parallel)
    assert one.item.items[0].join == "mul"
    assert enlarge.item == Bar("enlarge", "other", (4, 16, 16))
    assert "multiplied" in draw(Plain(), (3, 8, 8)).alt


def test_options_saving_and_notebook(tmp_path):
    small = draw("resnet18", image_size=32)
    assert "64×32×32" in small.alt
    assert small._repr_html_() == str(small)
    assert small.save(tmp_path / "net.svg").read_text(encoding="utf-8") == str(small)
    assert repr(small) == "Drawing('resnet18', 10 steps)"
    with pytest.raises(ArgumentError, match="did you mean 'resnet18'"):
        draw("resnet_18")
    with pytest.raises(ArgumentError, match="pass input_size"):
        draw(nn.Conv2d(3, 3, 1))


def test_the_net_is_left_as_it_was():
    net = backbones.create("lenet5").train()
    before = {key: value.clone() for key, value in net.state_dict().items()}
    draw(net)
    assert net.training
    assert all(torch.equal(value, before[key]) for key, value in net.state_dict().items())
    assert not net._forward_hooks


def test_equal_layers_in_a_block_are_drawn_one_by_one_unless_there_are_many():
    def written(depth: int) -> list[str]:
        class Stack(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.layers = nn.Sequential(*(nn.Conv2d(3, 3, 1) for _ in range(depth)))

            def forward(self, x: Tensor) -> Tensor:
                return x + self.layers(x)

        return [text for text, _ in texts(draw(nn.Sequential(Stack()), (3, 8, 8)))]

    assert written(3).count("1×1, 3") == 3
    assert written(5).count("5 × 1×1, 3") == 1
