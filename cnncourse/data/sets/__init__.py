"""The sets of the course, one file each. A line here gives a set its place among ``names()``."""

# ruff: noqa: F401, I001 - importing a file registers its set
from cnncourse.data.sets import mnist
from cnncourse.data.sets import fashion_mnist
from cnncourse.data.sets import cifar10
from cnncourse.data.sets import cifar100
from cnncourse.data.sets import shapes10
