"""Every architecture of the course, one file a family, each a page to read next to its paper.

``create("resnet18")`` builds a net by name, ``names()`` lists them.
"""

# Importing a family registers its nets; the order is that of the family tree, and of names().
from cnncourse.backbones import lenet  # isort: skip
from cnncourse.backbones import teaching  # isort: skip
from cnncourse.backbones import alexnet  # isort: skip
from cnncourse.backbones import vgg  # isort: skip
from cnncourse.backbones import nin  # isort: skip
from cnncourse.backbones import googlenet  # isort: skip
from cnncourse.backbones import inception_v2  # isort: skip
from cnncourse.backbones import inception_v3  # isort: skip
from cnncourse.backbones import inception_v4  # isort: skip
from cnncourse.backbones import inception_resnet  # isort: skip
from cnncourse.backbones import resnet  # isort: skip
from cnncourse.backbones import resnet_cifar  # isort: skip
from cnncourse.backbones import preact_resnet  # isort: skip
from cnncourse.backbones import rir  # isort: skip
from cnncourse.backbones import densenet  # isort: skip
from cnncourse.backbones import squeezenet  # isort: skip
from cnncourse.backbones import mobilenet  # isort: skip
from cnncourse.backbones import mobilenet_v3  # isort: skip
from cnncourse.backbones import shufflenet  # isort: skip
from cnncourse.backbones import darknet  # isort: skip
from cnncourse.backbones import attention  # isort: skip
from cnncourse.backbones import residual_attention  # isort: skip
from cnncourse.backbones import fast  # isort: skip
from cnncourse.backbones import blocks
from cnncourse.backbones.base import Backbone
from cnncourse.backbones.registry import create, factory, names, register
from cnncourse.backbones.weights import from_torchvision

__all__ = [
    "Backbone",
    "alexnet",
    "attention",
    "blocks",
    "create",
    "darknet",
    "densenet",
    "factory",
    "fast",
    "from_torchvision",
    "googlenet",
    "inception_resnet",
    "inception_v2",
    "inception_v3",
    "inception_v4",
    "lenet",
    "mobilenet",
    "mobilenet_v3",
    "names",
    "nin",
    "preact_resnet",
    "register",
    "residual_attention",
    "resnet",
    "resnet_cifar",
    "rir",
    "shufflenet",
    "squeezenet",
    "teaching",
    "vgg",
]
