"""One step: whole or in parts, mixed or plain, and what is said when the memory is full."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from cnncourse.augment import MixedLabels
from cnncourse.errors import CourseError
from cnncourse.train import Recipe, fit
from cnncourse.train.hardware.precision import multiplies_bf16, precision
from cnncourse.train.step import Step
from cnncourse.train.targets import loss_of, main_class
from tests.train.conftest import small_net

CPU = torch.device("cpu")
IMAGES = torch.rand(14, 1, 8, 8, generator=torch.Generator().manual_seed(0))
LABELS = torch.arange(14) % 3


def linear():
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 3)).double()


def mixed():
    return MixedLabels(LABELS, LABELS.flip(0), torch.linspace(0, 1, 14, dtype=torch.float64))


@pytest.mark.parametrize("labels", [LABELS, mixed(), mixed().one_hot(3)], ids=["plain", "mixed", "shares"])
@pytest.mark.parametrize("parts", [2, 3, 14, 50])
def test_a_batch_in_parts_is_the_same_step(parts, labels):
    whole, dealt = linear(), linear()
    recipe = Recipe(optimiser="sgd", lr=0.1, label_smoothing=0.1)
    one = Step(recipe, whole, CPU)(IMAGES.double(), labels)
    many = Step(recipe.but(accumulate=parts), dealt, CPU)(IMAGES.double(), labels)
    for a, b in zip((*one, *whole.parameters()), (*many, *dealt.parameters()), strict=True):
        torch.testing.assert_close(a, b, check_dtype=False, rtol=1e-6, atol=1e-9)


def test_the_loss_of_mixed_images_is_that_of_their_shares():
    logits = torch.randn(14, 3, dtype=torch.float64)
    shares = mixed().one_hot(3)
    for smoothing in (0.0, 0.2):
        expected = F.cross_entropy(logits, shares, label_smoothing=smoothing)
        torch.testing.assert_close(loss_of(logits, mixed(), smoothing), expected)
        torch.testing.assert_close(loss_of(logits, shares, smoothing), expected)
    assert torch.equal(main_class(mixed())[-7:], LABELS[-7:])
    assert torch.equal(main_class(mixed())[:7], LABELS.flip(0)[:7])


def test_channels_last_reaches_the_net_and_changes_nothing_else():
    strides = []
    nets = small_net(), small_net()
    nets[1][0].register_forward_hook(
        lambda m, args, out: strides.append(args[0].is_contiguous(memory_format=torch.channels_last))
    )
    recipe = Recipe(optimiser="sgd", lr=0.1)
    images = torch.rand(6, 1, 8, 8)
    for net, last in zip(nets, (False, True), strict=True):
        torch.manual_seed(0)
        Step(recipe.but(channels_last=last), net, CPU)(images, LABELS[:6])
    assert strides == [True]
    for a, b in zip(*(net.parameters() for net in nets), strict=True):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize(
    "said",
    [
        "CUDA out of memory. Tried to allocate 20.00 MiB",
        "MPS backend out of memory (MPS allocated: 6.80 GB)",
        "[enforce fail at alloc_cpu.cpp:117] err == 0. DefaultCPUAllocator: can't allocate memory: you tried",
    ],
)
def test_full_memory_says_which_batch_size_to_try(said, train_set):
    class Big(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(64, 3)

        def forward(self, x):
            if self.training:
                raise RuntimeError(said)
            return self.fc(x.flatten(1))

    with pytest.raises(
        CourseError, match="not enough memory for 48 images in a step — try batch_size=24, or accu"
    ):
        fit(Big(), train_set, recipe=Recipe(batch_size=48), device="cpu", progress=False)
    with pytest.raises(CourseError, match="in a step of 2 parts — try batch_size=24, or accumulate=4"):
        fit(Big(), train_set, recipe=Recipe(batch_size=48, accumulate=2), device="cpu", progress=False)


def test_other_errors_in_a_step_are_left_as_they_are(train_set):
    class Broken(nn.Linear):
        def forward(self, x):
            if self.training:
                raise RuntimeError("size mismatch")
            return super().forward(x.flatten(1))

    with pytest.raises(RuntimeError, match=r"^size mismatch$"):
        fit(Broken(64, 3), train_set, device="cpu", progress=False)


def test_the_net_is_compiled_once_and_keeps_its_name(train_set, monkeypatch):
    calls = []
    monkeypatch.setattr(nn.Module, "compile", lambda self, **options: calls.append(options))
    net = small_net()
    fit(net, train_set, recipe=Recipe(compile=True, epochs=1), device="cpu", progress=False)
    assert calls == [{"dynamic": False}]
    net._compiled_call_impl = net._call_impl
    fit(net, train_set, recipe=Recipe(compile=True, epochs=1), device="cpu", progress=False)
    assert len(calls) == 1
    assert all("_orig_mod" not in name for name in net.state_dict())


def test_precision_follows_the_device(monkeypatch):
    cuda = torch.device("cuda")
    for capability, half in (((7, 5), torch.float16), ((9, 0), torch.bfloat16)):
        monkeypatch.setattr(torch.cuda, "get_device_capability", lambda home, c=capability: c)
        assert precision("auto", cuda) is precision("fast", cuda) is half
    assert precision("auto", CPU) is None
    assert precision("fast", CPU) is (torch.bfloat16 if multiplies_bf16() else None)
    assert precision("float32", cuda) is None
