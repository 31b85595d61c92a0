"""Maps against captum, a library that was written by other people."""

import pytest
import torch
from torch import nn

from cnncourse import backbones, explain

attr = pytest.importorskip("captum.attr", reason="captum is not installed")

pytestmark = [
    pytest.mark.filterwarnings("ignore:Setting backward hooks"),
    pytest.mark.filterwarnings("ignore:Input Tensor 0 did not already require gradients"),
]

LABELS = torch.tensor([2, 0, 3])


def net_and_images(name="resnet20"):
    torch.manual_seed(0)
    if name == "small":  # as captum wants it: every ReLU a layer of its own, called once
        net = nn.Sequential(
            nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(8, 8, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 36, 16), nn.ReLU(),
            nn.Linear(16, 4),
        )  # fmt: skip
        nn.init.constant_(net[-1].bias, 2.0)  # so that each score is above 0
        return net.eval(), torch.randn(3, 3, 12, 12)
    net = backbones.create(name, num_classes=4, width=0.5).eval()
    return net, torch.randn(3, net.in_channels, 32, 32)


close = torch.testing.assert_close


@pytest.mark.parametrize("name", ["small", "resnet20", "lenet5", "mobilenet_v3_small"])
def test_saliency_and_its_product(name):
    net, x = net_and_images(name)
    close(explain.saliency(net, x, LABELS), attr.Saliency(net).attribute(x, LABELS, abs=False))
    close(
        explain.input_times_gradient(net, x, LABELS), attr.InputXGradient(net).attribute(x, LABELS).detach()
    )


@pytest.mark.parametrize("baseline", [None, 0.5])
def test_integrated_gradients(baseline):
    net, x = net_and_images()
    theirs = attr.IntegratedGradients(net).attribute(
        x, baseline or 0.0, LABELS, n_steps=8, method="riemann_middle"
    )
    ours = explain.integrated_gradients(net, x, LABELS, baseline=baseline, steps=8)
    close(ours, theirs.to(ours), atol=1e-5, rtol=1e-4)


def test_smooth_grad():
    """The library draws its own noise: with many copies the two means come close."""
    net, x = net_and_images("small")
    x = (x - x.amin((1, 2, 3), keepdim=True)) / (x.amax((1, 2, 3)) - x.amin((1, 2, 3))).view(-1, 1, 1, 1)
    tunnel = attr.NoiseTunnel(attr.Saliency(net))
    theirs = tunnel.attribute(
        x,
        nt_type="smoothgrad",
        nt_samples=400,
        stdevs=0.15,
        target=LABELS,
        nt_samples_batch_size=50,
        abs=False,
    )
    ours = explain.smooth_grad(net, x, LABELS, copies=400)
    plain = explain.saliency(net, x, LABELS)
    assert (ours - theirs).norm() < 0.15 * theirs.norm() < 0.7 * (plain - theirs).norm()


def test_guided_backprop():
    net, x = net_and_images("small")
    close(explain.guided_backprop(net, x, LABELS), attr.GuidedBackprop(net).attribute(x, LABELS))


@pytest.mark.parametrize("channel", [1, None])
def test_deconvnet_from_the_scores(channel):
    net, x = net_and_images("small")
    scores = net(x).detach()
    chosen = scores.argmax(1) if channel is None else torch.full((3,), channel)
    theirs = attr.Deconvolution(net).attribute(x, chosen)  # starts from 1, not from the activation
    start = scores.gather(1, chosen[:, None]).view(-1, 1, 1, 1)
    ours = explain.deconvnet(net, x, "9", channel)
    assert (start > 0).all()  # a negative one would end at the first ReLU
    close(ours, start * theirs)


@pytest.mark.parametrize(("window", "stride"), [(4, 4), (5, 2), (5, 3)])
def test_occlusion(window, stride):
    net, x = net_and_images()
    theirs = attr.Occlusion(net).attribute(
        x, (3, window, window), strides=(3, stride, stride), baselines=0.25, target=LABELS
    )
    ours = explain.occlusion(net, x, LABELS, window=window, stride=stride, fill=0.25)
    close(ours, theirs[:, 0].to(ours), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("layer", ["layer3", "layer1.0.conv2", "conv1"])
def test_grad_cam(layer):
    net, x = net_and_images()
    theirs = attr.LayerGradCam(net, net.get_submodule(layer)).attribute(x, LABELS, relu_attributions=True)
    ours = explain.grad_cam(net, x, layer, LABELS, size="map")
    close(ours, theirs[:, 0].detach())
    assert ours.any()
    enlarged = attr.LayerAttribution.interpolate(theirs, (32, 32), "bilinear")[:, 0]
    close(explain.grad_cam(net, x, layer, LABELS), enlarged.detach())
