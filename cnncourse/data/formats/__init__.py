"""How files are read: idx, CIFAR's batches, trees of pictures, archives, checksums."""
