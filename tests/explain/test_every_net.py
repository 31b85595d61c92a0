"""What holds for every explanation: any classifier of the course, and a net that is left as it was."""

import re

import pytest
import torch
from torch import nn

from cnncourse import backbones, explain
from cnncourse.errors import ArgumentError, CourseError, ShapeError

NETS = ["lenet5", "vgg11_bn", "nin", "googlenet", "inception_v3", "resnet20", "densenet121", "squeezenet1_1"]
NETS += [
    "mobilenet_v2",
    "mobilenet_v3_small",
    "shufflenet_v1",
    "darknet53",
    "race_small",
    "residual_attention56",
]
NO_RULE = {"mobilenet_v3_small": "hardswish", "darknet53": "leaky_relu"}


def last_maps(net, x):
    """Name the last layer that gives maps of more than one pixel, by running the net."""
    found = []
    hooks = [
        module.register_forward_hook(lambda _, args, out, name=name: found.append((name, out)))
        for name, module in net.named_modules()
        if name
    ]
    net.eval()(x)
    for hook in hooks:
        hook.remove()
    fits = [n for n, out in found if isinstance(out, torch.Tensor) and out.dim() == 4 and out.shape[-1] > 1]
    once = [n for n in fits if sum(n == other for other, _ in found) == 1]
    return once[-1]


def methods(layer):
    """All explanations, each as a function of a net and images."""
    return {
        "saliency": explain.saliency,
        "input_times_gradient": explain.input_times_gradient,
        "smooth_grad": lambda net, x: explain.smooth_grad(net, x, copies=2),
        "integrated_gradients": lambda net, x: explain.integrated_gradients(net, x, steps=2),
        "guided_backprop": explain.guided_backprop,
        "deconvnet": lambda net, x: explain.deconvnet(net, x, layer),
        "occlusion": lambda net, x: explain.occlusion(net, x, window=16, stride=16),
        "grad_cam": lambda net, x: explain.grad_cam(net, x, layer),
        "activations": lambda net, x: explain.activations(net, x, layer),
        "maximise": lambda net, x: explain.maximise(net, layer, 1, shape=x.shape[1:], steps=1),
        "randomised": lambda net, x: next(explain.randomised(net).parameters()),
        "deletion": lambda net, x: explain.deletion(net, x, x, steps=2),
    }


def state(net):
    return {
        "modes": [module.training for module in net.modules()],
        "hooks": [len(module._forward_hooks) + len(module._backward_hooks) for module in net.modules()],
        "values": [value.clone() for value in net.state_dict().values()],
        "gradients": [None if w.grad is None else w.grad.clone() for w in net.parameters()],
        "learn": [w.requires_grad for w in net.parameters()],
        "random": [torch.get_rng_state()],
    }


def same(before, after):
    return all(
        torch.equal(a, b) if isinstance(a, torch.Tensor) else a == b
        for key in before
        for a, b in zip(before[key], after[key], strict=True)
    )


@pytest.mark.parametrize("name", NETS)
def test_every_map_of_every_net_and_the_net_stays(name):
    torch.manual_seed(1)
    net = backbones.create(name, num_classes=4, width=0.25, image_size=32)
    x = torch.randn(2, net.in_channels, 32, 32)
    layer = last_maps(net, x)
    net.train()
    first = next(net.parameters())
    first.grad = torch.ones_like(first)  # as if in the middle of training
    first.requires_grad_(False)
    next(m for m in net.modules() if not [*m.children()]).eval()  # modes that differ
    before, images = state(net), x.clone()
    for method, explained in methods(layer).items():
        if name in NO_RULE and method in ("guided_backprop", "deconvnet"):
            with pytest.raises(ArgumentError, match=f"computes {NO_RULE[name]}"):
                explained(net, x)
        elif name == "race_small" and method in ("guided_backprop", "deconvnet"):
            continue  # its activation is an option
        else:
            found = explained(net, x)
            assert torch.isfinite(found).all(), method
            if method in ("saliency", "smooth_grad", "integrated_gradients", "guided_backprop", "occlusion"):
                assert found.any(), method
                assert found.shape == (x.shape if method != "occlusion" else (2, 32, 32))
            assert not found.requires_grad or method == "randomised"
        assert same(before, state(net)), method
        assert torch.equal(images, x), method


@pytest.mark.parametrize("method", methods("0"))
def test_after_an_error_the_net_is_what_it_was(method):
    class Stumbles(nn.Module):
        def forward(self, x):
            raise KeyError("no")

    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), Stumbles()).train()
    net[0].eval()
    x = torch.randn(2, 3, 32, 32)
    before = state(net)
    if method == "randomised":
        with pytest.raises(ArgumentError):
            explain.randomised(net, down_to="7")
    else:
        with pytest.raises(KeyError):
            methods("0")[method](net, x)
    assert same(before, state(net))


@pytest.mark.parametrize("context", [torch.no_grad, torch.inference_mode])
def test_maps_are_the_same_where_gradients_are_off(context):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(inplace=True), nn.Flatten(), nn.Linear(144, 3))
    x = torch.randn(2, 3, 8, 8)
    for method in ("saliency", "guided_backprop", "grad_cam", "deconvnet", "maximise", "smooth_grad"):
        expected = methods("0")[method](net, x)
        with context():
            assert torch.equal(methods("0")[method](net, x), expected), method


def test_in_eval_mode_an_image_is_explained_alone():
    torch.manual_seed(0)
    net = backbones.create("resnet20", num_classes=4, width=0.5).train()
    x = torch.randn(3, 3, 32, 32)
    for method in ("saliency", "guided_backprop", "grad_cam", "integrated_gradients", "occlusion"):
        together = methods("layer3")[method](net, x)
        alone = torch.cat([methods("layer3")[method](net, one[None]) for one in x])
        torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-3)


def test_labels_are_a_class_or_one_for_each_or_the_nets_own_choice():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Flatten(), nn.Linear(4, 3))
    x = torch.randn(5, 1, 2, 2)
    own = net(x).argmax(1)
    rows = lambda labels: explain.saliency(net, x, labels).flatten(1)  # noqa: E731
    assert torch.equal(rows(None), net[1].weight[own])
    assert torch.equal(rows(2), net[1].weight[[2] * 5])
    for labels in ([0, 1, 2, 1, 0], (0, 1, 2, 1, 0), torch.tensor([0, 1, 2, 1, 0])):
        assert torch.equal(rows(labels), net[1].weight[[0, 1, 2, 1, 0]])


class Pair(nn.Module):
    def forward(self, x):
        return x, x


NET = nn.Sequential(nn.Conv2d(1, 2, 1), nn.ReLU(), nn.Flatten(), nn.Linear(8, 3))
X = torch.ones(2, 1, 2, 2)


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda: explain.saliency("net", X), ArgumentError, "expected a net, got a str"),
        (lambda: explain.saliency(NET, [1]), ArgumentError, "images expects a tensor, got a list"),
        (lambda: explain.saliency(NET, X[0]), ShapeError, "got (1, 2, 2) — images[None] makes a batch"),
        (lambda: explain.saliency(NET, X.byte()), ArgumentError, "got torch.uint8 — images.float() / 255"),
        (lambda: explain.saliency(NET, X, 3), ArgumentError, "labels expects classes from 0 to 2, got 3"),
        (lambda: explain.saliency(NET, X, [0, -1]), ArgumentError, "classes from 0 to 2, got -1"),
        (lambda: explain.saliency(NET, X, [0]), ShapeError, "one for each of the 2 images, got 1 of them"),
        (lambda: explain.saliency(NET, X, torch.eye(2)), ShapeError, "the 2 images, got (2, 2)"),
        (lambda: explain.saliency(NET, X, "cat"), ArgumentError, "labels expects a class, or one for each"),
        (lambda: explain.saliency(NET, X, [0, 1.5]), ArgumentError, "each label expects a whole number"),
        (lambda: explain.saliency(Pair(), X), ArgumentError, "returns scores (n, classes), got a tuple"),
        (lambda: explain.saliency(NET[:2], X), ShapeError, "(n, classes), got shape (2, 2, 2, 2)"),
        (lambda: explain.saliency(NET.to("meta"), X), ArgumentError, "the net is on meta"),
    ],
)
def test_errors_of_every_method(call, error, said):
    try:
        with pytest.raises(error, match=re.escape(said)):
            call()
    finally:
        if next(NET.parameters()).is_meta:
            NET.to_empty(device="cpu")


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("name", ["resnet20", "googlenet"])
def test_on_a_gpu_the_maps_are_those_of_the_cpu(name):
    torch.manual_seed(0)
    net = backbones.create(name, num_classes=4, width=0.25, image_size=32).double()
    x = torch.randn(2, 3, 32, 32).double()
    layer = last_maps(net, x)
    expected = {method: explained(net, x) for method, explained in methods(layer).items()}
    net = net.cuda()
    with pytest.raises(CourseError, match=r"the images are on cpu — images.to\('cuda:0'\)"):
        explain.saliency(net, x)
    for method, explained in methods(layer).items():
        found = explained(net, x.cuda())
        assert found.is_cuda, method
        torch.testing.assert_close(found.cpu(), expected[method], atol=1e-6, rtol=1e-4, msg=method)
