"""Fashion-MNIST: pieces of clothing, laid out like MNIST."""

from cnncourse.data.registry import IDX_FILES, Content, Entry, RemoteFile, register

MIRRORS = (
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
)

register(
    Entry(
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
        files=IDX_FILES,
        folders=("FashionMNIST/raw", "fashion-mnist", "fashion_mnist"),
        trees=("fashion-mnist-images", "fashion-mnist", "fashion_mnist"),
        system=("/usr/share/datasets/fashion-mnist",),
        remote=(
            RemoteFile(
                "train-images-idx3-ubyte.gz",
                "sha256:3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
                26_421_880,
                MIRRORS,
            ),
            RemoteFile(
                "train-labels-idx1-ubyte.gz",
                "sha256:a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
                29_515,
                MIRRORS,
            ),
            RemoteFile(
                "t10k-images-idx3-ubyte.gz",
                "sha256:346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
                4_422_102,
                MIRRORS,
            ),
            RemoteFile(
                "t10k-labels-idx1-ubyte.gz",
                "sha256:67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
                5_148,
                MIRRORS,
            ),
        ),
        sample={"train": 2_000, "test": 500},
        contents={
            "train-images-idx3-ubyte": Content(
                "sha256:c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888", 47_040_016
            ),
            "train-labels-idx1-ubyte": Content(
                "sha256:bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9", 60_008
            ),
            "t10k-images-idx3-ubyte": Content(
                "sha256:5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b", 7_840_016
            ),
            "t10k-labels-idx1-ubyte": Content(
                "sha256:0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34", 10_008
            ),
        },
    )
)
