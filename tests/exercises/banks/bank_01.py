"""Answers to exercise 01: mistakes that learners make, each with what it loses, and other right ways."""

from tests.exercises.bank import right, wrong


@wrong("counts-one-neuron", fails={"weights-dense", "weights-local"}, hint="weights-one-neuron")
def count_weights(kind, size, depth, window, detectors):
    """784 weights: true of each neuron, not of the layer."""
    if kind == "dense":
        return size * size * depth
    if kind == "local":
        return window * window * depth
    return detectors * window * window * depth


@wrong("every-pixel-is-a-place", fails={"weights-dense", "weights-local"}, hint="weights-places")
def count_weights(kind, size, depth, window, detectors):
    """Lets the window hang over the edge."""
    neurons = size * size * detectors
    if kind == "dense":
        return neurons * size * size * depth
    if kind == "local":
        return neurons * window * window * depth
    return detectors * window * window * depth


@wrong("dense-sees-only-its-window", fails={"weights-dense"}, hint="weights-window")
def count_weights(kind, size, depth, window, detectors):
    """Takes a dense layer for a local one."""
    neurons = (size - window + 1) ** 2 * detectors
    each = window * window * depth
    return detectors * each if kind == "shared" else neurons * each


@wrong("window-without-depth", fails={"weights-local", "weights-shared"}, hint="weights-depth")
def count_weights(kind, size, depth, window, detectors):
    """A window that sees one channel."""
    neurons = (size - window + 1) ** 2 * detectors
    if kind == "dense":
        return neurons * size * size * depth
    return (neurons if kind == "local" else detectors) * window * window


@wrong("sharing-pays-for-every-place", fails={"weights-shared"}, hint="weights-sharing")
def count_weights(kind, size, depth, window, detectors):
    """Thinks that sharing saves nothing."""
    neurons = (size - window + 1) ** 2 * detectors
    if kind == "dense":
        return neurons * size * size * depth
    return neurons * window * window * depth


@wrong("sharing-across-detectors", fails={"weights-local", "weights-shared"}, hint="weights-detectors")
def count_weights(kind, size, depth, window, detectors):
    """Lets all detectors share one set of weights."""
    places = (size - window + 1) ** 2
    if kind == "dense":
        return places * detectors * size * size * depth
    return (places if kind == "local" else 1) * window * window * depth


@wrong("biases-counted-as-weights", fails={"weights-shared"}, hint="weights-biases")
def count_weights(kind, size, depth, window, detectors):
    """Counts parameters where weights are asked for."""
    neurons = (size - window + 1) ** 2 * detectors
    if kind == "dense":
        return neurons * size * size * depth
    if kind == "local":
        return neurons * window * window * depth
    return detectors * window * window * depth + detectors


@wrong("moved-round-the-edge", fails={"move-right", "move-anywhere"}, hint="move-wrap")
def move(picture, down, right):
    """What leaves on the right comes back on the left."""
    return torch.roll(picture, (down, right), dims=(0, 1))


@wrong("moved-along-the-other-axis", fails={"move-right", "move-anywhere"}, hint="move-axes")
def move(picture, down, right):
    """Takes the first axis for x."""
    height, width = picture.shape
    moved = torch.zeros_like(picture)
    for row in range(height):
        for column in range(width):
            if 0 <= row - right < height and 0 <= column - down < width:
                moved[row, column] = picture[row - right, column - down]
    return moved


@wrong("moved-the-other-way", fails={"move-right", "move-anywhere"}, hint="move-direction")
def move(picture, down, right):
    """Reads from where the pixel should go."""
    height, width = picture.shape
    moved = torch.zeros_like(picture)
    for row in range(height):
        for column in range(width):
            if 0 <= row + down < height and 0 <= column + right < width:
                moved[row, column] = picture[row + down, column + right]
    return moved


@wrong("moves-only-down-and-right", fails={"move-anywhere"}, hint="move-negative")
def move(picture, down, right):
    """Slices that are right for positive numbers only."""
    height, width = picture.shape
    moved = torch.zeros_like(picture)
    down, right = min(max(down, 0), height), min(max(right, 0), width)
    moved[down:, right:] = picture[: height - down, : width - right]
    return moved


@wrong("moved-in-place", fails={"move-anywhere"}, hint="move-in-place")
def move(picture, down, right):
    """Writes into the caller's picture."""
    height, width = picture.shape
    moved = torch.zeros_like(picture)
    for row in range(height):
        for column in range(width):
            if 0 <= row - down < height and 0 <= column - right < width:
                moved[row, column] = picture[row - down, column - right]
    picture.copy_(moved)
    return picture


@wrong("order-says-where-to", fails={"shuffle-order"}, hint="shuffle-inverse")
def shuffle(pictures, order):
    """Takes order for the place where a pixel goes."""
    rows = torch.zeros_like(pictures).flatten(1)
    rows[:, order] = pictures.flatten(1)
    return rows.reshape(pictures.shape)


@wrong("unshuffled-by-shuffling-again", fails={"shuffle-back"}, hint="shuffle-again")
def unshuffle(pictures, order):
    """Twice the same shuffle."""
    return pictures.flatten(1)[:, order].reshape(pictures.shape)


@wrong("matrix-of-the-flipped-detector", fails={"matrix-rows"}, hint="matrix-flip")
def conv_matrix(detector, size):
    """The mathematician's convolution."""
    width = len(detector)
    matrix = torch.zeros(size - width + 1, size)
    for place in range(len(matrix)):
        matrix[place, place : place + width] = detector.flip(0)
    return matrix


@wrong("matrix-that-wraps-round", fails={"matrix-rows"}, hint="matrix-wrap")
def conv_matrix(detector, size):
    """A circulant matrix: as many places as pixels."""
    row = torch.zeros(size)
    row[: len(detector)] = detector
    return torch.stack([torch.roll(row, place) for place in range(size)])


@wrong("matrix-on-its-side", fails={"matrix-rows"}, hint="matrix-transposed")
def conv_matrix(detector, size):
    """One column for each place."""
    width = len(detector)
    matrix = torch.zeros(size, size - width + 1)
    for place in range(size - width + 1):
        matrix[place : place + width, place] = detector
    return matrix


@wrong("an-edge-is-no-bar", fails={"bar-detector"}, hint="bar-step")
def bar_detector():
    """Finds every change from dark to bright."""
    return torch.tensor([[-1.0, 1]])


@wrong("bright-is-no-bar", fails={"bar-detector", "find-bar"}, hint="bar-plain")
def bar_detector():
    """Finds everything that is bright."""
    return torch.tensor([[0.0, 1, 0]])


@wrong("bar-lying-down", fails={"bar-detector", "find-bar"}, hint="bar-upright")
def bar_detector():
    """Finds lying bars and no upright ones."""
    return torch.tensor([[-1.0], [2], [-1]])


@wrong("bar-of-one-number", fails={"bar-detector", "find-bar"}, hint="bar-plain")
def bar_detector():
    """One number: a brightness meter."""
    return torch.tensor([[1.0]])


@wrong("uneven-sides", fails={"bar-detector"}, hint="bar-step")
def bar_detector():
    """Adds up to nothing, but looks to one side only."""
    return torch.tensor([[-0.5, 2, -1.5]])


@wrong("cares-about-the-height", fails={"bar-detector"}, hint="bar-shape")
def bar_detector():
    """Right, but with nine numbers where three do."""
    return torch.tensor([[-1.0, 2, -1]] * 3)


@wrong("column-of-the-window", fails={"find-bar"}, hint="find-window")
def find_bar(picture):
    """Gives the place where the window starts."""
    scores = F.conv2d(picture[None, None], bar_detector()[None, None])[0, 0]
    return scores.amax(dim=0).argmax().item()


@wrong("looks-for-the-brightest", fails={"find-bar"}, hint="find-brightest")
def find_bar(picture):
    """Needs no detector, it thinks."""
    return picture.argmax().item() % picture.shape[1]


@wrong("exactly-equal", fails={"along-map"}, hint="along-close")
def moves_along(picture, detector, right):
    """Takes two numbers for different that a last digit sets apart."""

    def detect(image):
        return F.conv2d(image[None, None], detector[None, None])[0, 0]

    return detect(torch.roll(picture, right, dims=1)) == torch.roll(detect(picture), right, dims=1)


@wrong("nearly-enough", fails={"along-map"}, hint="along-close")
def moves_along(picture, detector, right):
    """Is content with a hundredth."""

    def detect(image):
        return F.conv2d(image[None, None], detector[None, None])[0, 0]

    difference = detect(torch.roll(picture, right, dims=1)) - torch.roll(detect(picture), right, dims=1)
    return difference.abs() < 1e-2


@wrong("expects-invariance", fails={"along-map"}, hint="along-invariant")
def moves_along(picture, detector, right):
    """Compares with a map that was not moved."""
    moved = F.conv2d(torch.roll(picture, right, dims=1)[None, None], detector[None, None])[0, 0]
    still = F.conv2d(picture[None, None], detector[None, None])[0, 0]
    return (moved - still).abs() < 1e-4


@wrong("true-where-it-differs", fails={"along-map"}, hint="along-turned")
def moves_along(picture, detector, right):
    """Marks the mistakes, not the agreement."""
    moved = F.conv2d(torch.roll(picture, right, dims=1)[None, None], detector[None, None])[0, 0]
    after = torch.roll(F.conv2d(picture[None, None], detector[None, None])[0, 0], right, dims=1)
    return (moved - after).abs() > 1e-4


@wrong("moves-down-instead", fails={"along-map"}, hint="along-invariant")
def moves_along(picture, detector, right):
    """Moves the second map along the other axis."""
    moved = F.conv2d(torch.roll(picture, right, dims=1)[None, None], detector[None, None])[0, 0]
    after = torch.roll(F.conv2d(picture[None, None], detector[None, None])[0, 0], right, dims=0)
    return (moved - after).abs() < 1e-4


@wrong("forgets-to-move", fails={"along-map"}, hint="along-both")
def moves_along(picture, detector, right):
    """Compares the map with itself: True everywhere."""
    scores = F.conv2d(picture[None, None], detector[None, None])[0, 0]
    return (scores - scores).abs() < 1e-4


@right("move-with-padding")
def move(picture, down, right):
    height, width = picture.shape
    padded = F.pad(picture, (width, width, height, height))
    down, right = max(-height, min(height, down)), max(-width, min(width, right))
    return padded[height - down : 2 * height - down, width - right : 2 * width - right].clone()


@right("counted-with-torch")
def count_weights(kind, size, depth, window, detectors):
    across = len(range(0, size - window + 1))
    seen = torch.Size([depth, size, size]) if kind == "dense" else torch.Size([depth, window, window])
    sets = detectors if kind == "shared" else detectors * across * across
    return sets * seen.numel()


@right("shuffled-with-loops")
def shuffle(pictures, order):
    width = pictures.shape[2]
    shuffled = pictures.clone()
    for k, source in enumerate(order.tolist()):
        shuffled[:, k // width, k % width] = pictures[:, source // width, source % width]
    return shuffled


@right("unshuffled-by-sorting")
def unshuffle(pictures, order):
    return pictures.flatten(1)[:, order.argsort()].view_as(pictures)


@right("matrix-from-single-pixels")
def conv_matrix(detector, size):
    return F.conv1d(torch.eye(size)[:, None], detector[None, None])[:, 0].T


@right("small-numbers-and-two-lines")
def bar_detector():
    return torch.tensor([[-0.25, 0.5, -0.25]])


@right("small-numbers-and-two-lines")
def find_bar(picture):
    sides = (picture[:, :-2] + picture[:, 2:]) / 2
    return int((picture[:, 1:-1] - sides).max(dim=0).values.argmax()) + 1


@right("compared-with-isclose")
def moves_along(picture, detector, right):
    both = torch.stack([picture, torch.roll(picture, right, dims=1)])[:, None]
    still, moved = F.conv2d(both, detector[None, None])[:, 0]
    return torch.isclose(torch.roll(still, right, dims=1), moved, rtol=0, atol=1e-4)
