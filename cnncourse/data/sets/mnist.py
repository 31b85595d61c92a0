"""MNIST: handwritten digits."""

from cnncourse.data.registry import IDX_FILES, Content, Entry, RemoteFile, register

MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)

register(
    Entry(
        name="mnist",
        title="MNIST",
        classes=tuple("0123456789"),
        shape=(1, 28, 28),
        counts={"train": 60_000, "test": 10_000},
        mean=(0.1307,),
        std=(0.3081,),
        licence="CC BY-SA 3.0",
        format="idx",
        files=IDX_FILES,
        folders=("MNIST/raw", "mnist"),
        archive="mnist.tar.xz",
        trees=("mnist-images", "mnist"),
        system=("/usr/share/datasets/mnist",),
        remote=(
            RemoteFile(
                "train-images-idx3-ubyte.gz",
                "sha256:440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
                9_912_422,
                MIRRORS,
            ),
            RemoteFile(
                "train-labels-idx1-ubyte.gz",
                "sha256:3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
                28_881,
                MIRRORS,
            ),
            RemoteFile(
                "t10k-images-idx3-ubyte.gz",
                "sha256:8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
                1_648_877,
                MIRRORS,
            ),
            RemoteFile(
                "t10k-labels-idx1-ubyte.gz",
                "sha256:f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
                4_542,
                MIRRORS,
            ),
        ),
        sample={"train": 5_000, "test": 1_000},
        contents={
            "train-images-idx3-ubyte": Content(
                "sha256:ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db", 47_040_016
            ),
            "train-labels-idx1-ubyte": Content(
                "sha256:65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5", 60_008
            ),
            "t10k-images-idx3-ubyte": Content(
                "sha256:0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7", 7_840_016
            ),
            "t10k-labels-idx1-ubyte": Content(
                "sha256:ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2", 10_008
            ),
        },
    )
)
