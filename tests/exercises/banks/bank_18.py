"""Answers to exercise 18: what learners get wrong about training and marking, and other right ways."""

from tests.exercises.bank import right, wrong

# Task 1: accuracy


@wrong("counts-instead-of-share", fails={"accuracy-value"}, hint="accuracy-share")
def accuracy(logits, labels):
    """Reports how many are right, not which share."""
    return float((logits.argmax(1) == labels).sum())


@wrong("error-rate", fails={"accuracy-value"}, hint="accuracy-error")
def accuracy(logits, labels):
    """Counts the wrong ones."""
    return (logits.argmax(1) != labels).float().mean().item()


@wrong("per-cent", fails={"accuracy-value"}, hint="accuracy-percent")
def accuracy(logits, labels):
    """Gives a number from 0 to 100."""
    return 100 * (logits.argmax(1) == labels).float().mean().item()


@wrong("argmax-over-pictures", fails={"accuracy-value"}, hint="accuracy-argmax")
def accuracy(logits, labels):
    """Looks for the largest logit down the column: which picture is most like a 0?"""
    answers = logits.argmax(0)
    n = min(len(answers), len(labels))
    return (answers[:n] == labels[:n]).float().mean().item()


@wrong("rounded", fails={"accuracy-value"}, hint="accuracy-rounded")
def accuracy(logits, labels):
    """Gives what one would print."""
    return round((logits.argmax(1) == labels).float().mean().item(), 2)


@right("accuracy-in-a-loop")
def accuracy(logits, labels):
    hits = [row.index(max(row)) == label for row, label in zip(logits.tolist(), labels.tolist())]
    return sum(hits) / len(hits)


# Task 2: confusion_matrix


@wrong("answers-in-rows", fails={"confusion-value", "confusion-absent"}, hint="confusion-rows")
def confusion_matrix(labels, answers, classes):
    """Puts the answer into the row."""
    matrix = torch.zeros(classes, classes, dtype=torch.int64)
    for true, answer in zip(labels.tolist(), answers.tolist()):
        matrix[answer, true] += 1
    return matrix


@wrong("adds-once-per-cell", fails={"confusion-value", "confusion-absent"}, hint="confusion-once")
def confusion_matrix(labels, answers, classes):
    """Believes that += with index tensors counts repeated indices."""
    matrix = torch.zeros(classes, classes, dtype=torch.int64)
    matrix[labels, answers] += 1
    return matrix


@wrong("as-large-as-the-labels", fails={"confusion-absent"}, hint="confusion-absent")
def confusion_matrix(labels, answers, classes):
    """Finds the number of classes out from the labels."""
    classes = int(max(labels.max(), answers.max())) + 1
    return torch.bincount(labels * classes + answers, minlength=classes**2).reshape(classes, classes)


@wrong("mistakes-only", fails={"confusion-value", "confusion-absent"}, hint="confusion-diagonal")
def confusion_matrix(labels, answers, classes):
    """Leaves the right answers out."""
    matrix = torch.zeros(classes, classes, dtype=torch.int64)
    for true, answer in zip(labels.tolist(), answers.tolist()):
        if true != answer:
            matrix[true, answer] += 1
    return matrix


@wrong("counts-in-int32", fails={"confusion-value"}, hint="confusion-count")
def confusion_matrix(labels, answers, classes):
    """Counts right, in a type that was not asked for."""
    matrix = torch.zeros(classes, classes, dtype=torch.int32)
    for true, answer in zip(labels.tolist(), answers.tolist()):
        matrix[true, answer] += 1
    return matrix


@wrong("empties-the-labels", fails={"confusion-value", "confusion-absent"}, hint="confusion-count")
def confusion_matrix(labels, answers, classes):
    """Makes its input fit the empty table that it returns."""
    labels.fill_(-1)
    return torch.zeros(classes, classes, dtype=torch.int64)


@right("confusion-with-bincount")
def confusion_matrix(labels, answers, classes):
    return torch.bincount(labels * classes + answers, minlength=classes**2).reshape(classes, classes)


@right("confusion-with-one-hot")
def confusion_matrix(labels, answers, classes):
    return F.one_hot(labels, classes).T @ F.one_hot(answers, classes)


# Task 3: train


@wrong("no-zero-grad", fails={"train-value", "train-losses"}, hint="train-zero")
def train(state, batches, lr):
    """Never forgets a gradient."""
    net = small_net()
    net.load_state_dict(state)
    losses = []
    sgd = torch.optim.SGD(net.parameters(), lr=lr)
    for images, labels in batches:
        loss = F.cross_entropy(net(images), labels)
        loss.backward()
        sgd.step()
        losses.append(loss.item())
    return net.state_dict(), losses


@wrong("softmax-before-cross-entropy", fails={"train-value", "train-losses"}, hint="train-softmax")
def train(state, batches, lr):
    """Thinks that the loss wants shares."""
    net = small_net()
    net.load_state_dict(state)
    losses = []
    sgd = torch.optim.SGD(net.parameters(), lr=lr)
    for images, labels in batches:
        sgd.zero_grad()
        loss = F.cross_entropy(net(images).softmax(1), labels)
        loss.backward()
        sgd.step()
        losses.append(loss.item())
    return net.state_dict(), losses


@wrong("step-before-backward", fails={"train-value"}, hint="train-order")
def train(state, batches, lr):
    """Steps along the gradients of the batch before."""
    net = small_net()
    net.load_state_dict(state)
    losses = []
    sgd = torch.optim.SGD(net.parameters(), lr=lr)
    for images, labels in batches:
        sgd.step()
        sgd.zero_grad()
        loss = F.cross_entropy(net(images), labels)
        loss.backward()
        losses.append(loss.item())
    return net.state_dict(), losses


@wrong("zero-grad-before-step", fails={"train-value", "train-losses"}, hint="train-still")
def train(state, batches, lr):
    """Throws the gradients away before anyone uses them."""
    net = small_net()
    net.load_state_dict(state)
    losses = []
    sgd = torch.optim.SGD(net.parameters(), lr=lr)
    for images, labels in batches:
        loss = F.cross_entropy(net(images), labels)
        loss.backward()
        sgd.zero_grad()
        sgd.step()
        losses.append(loss.item())
    return net.state_dict(), losses


@wrong("loss-after-the-step", fails={"train-losses"}, hint="train-losses")
def train(state, batches, lr):
    """Measures the batch again when the step is done."""
    net = small_net()
    net.load_state_dict(state)
    losses = []
    sgd = torch.optim.SGD(net.parameters(), lr=lr)
    for images, labels in batches:
        sgd.zero_grad()
        F.cross_entropy(net(images), labels).backward()
        sgd.step()
        losses.append(F.cross_entropy(net(images), labels).item())
    return net.state_dict(), losses


@wrong("sum-instead-of-mean", fails={"train-value", "train-losses"}, hint="train-sum")
def train(state, batches, lr):
    """Adds the losses of the pictures up, so that each step is as many times too long."""
    net = small_net()
    net.load_state_dict(state)
    losses = []
    sgd = torch.optim.SGD(net.parameters(), lr=lr)
    for images, labels in batches:
        sgd.zero_grad()
        loss = F.cross_entropy(net(images), labels, reduction="sum")
        loss.backward()
        sgd.step()
        losses.append(loss.item())
    return net.state_dict(), losses


@right("step-by-hand-with-log-softmax")
def train(state, batches, lr):
    net = small_net()
    net.load_state_dict(state)
    losses = []
    for images, labels in batches:
        loss = F.nll_loss(net(images).log_softmax(1), labels)
        grads = torch.autograd.grad(loss, list(net.parameters()))
        with torch.no_grad():
            for weight, grad in zip(net.parameters(), grads):
                weight -= lr * grad
        losses.append(loss.item())
    return net.state_dict(), losses


# Task 4: score


@wrong("no-eval", fails={"score-value", "score-trace"}, hint="score-eval")
def score(net, images, labels, batch_size=100):
    """Believes that no_grad is enough."""
    right = 0
    with torch.no_grad():
        for x, y in zip(images.split(batch_size), labels.split(batch_size)):
            right += (net(x).argmax(1) == y).sum().item()
    return right / len(labels)


@wrong("always-back-to-training", fails={"score-trace"}, hint="score-mode")
def score(net, images, labels, batch_size=100):
    """Switches to train mode at the end, whatever it was before."""
    net.eval()
    with torch.no_grad():
        answers = torch.cat([net(x).argmax(1) for x in images.split(batch_size)])
    net.train()
    return (answers == labels).float().mean().item()


@wrong("stays-in-eval", fails={"score-trace"}, hint="score-mode")
def score(net, images, labels, batch_size=100):
    """Leaves a net that was being trained in evaluation mode."""
    net.eval()
    with torch.no_grad():
        answers = torch.cat([net(x).argmax(1) for x in images.split(batch_size)])
    return (answers == labels).float().mean().item()


@wrong("mean-of-batch-means", fails={"score-value"}, hint="score-last-batch")
def score(net, images, labels, batch_size=100):
    """Lets the small last batch count as much as the others."""
    mode = net.training
    net.eval()
    shares = []
    with torch.no_grad():
        for x, y in zip(images.split(batch_size), labels.split(batch_size)):
            shares.append((net(x).argmax(1) == y).float().mean().item())
    net.train(mode)
    return sum(shares) / len(shares)


@wrong("all-at-once", fails={"score-trace"}, hint="score-batches")
def score(net, images, labels, batch_size=100):
    """Has memory enough."""
    mode = net.training
    net.eval()
    with torch.no_grad():
        answers = net(images).argmax(1)
    net.train(mode)
    return (answers == labels).float().mean().item()


@wrong("never-asks", fails={"score-value", "score-trace"}, hint="score-batches")
def score(net, images, labels, batch_size=100):
    """Leaves no trace at all."""
    return 0.5


@wrong("with-gradients", fails={"score-trace"}, hint="score-gradients")
def score(net, images, labels, batch_size=100):
    """Believes that eval() is enough."""
    mode = net.training
    net.eval()
    answers = torch.cat([net(x).argmax(1) for x in images.split(batch_size)])
    net.train(mode)
    return (answers == labels).float().mean().item()


@right("score-on-a-copy")
def score(net, images, labels, batch_size=100):
    import copy

    twin = copy.deepcopy(net).eval()
    with torch.inference_mode():
        answers = torch.cat([twin(x).argmax(1) for x in images.split(batch_size)])
    return int((answers == labels).sum()) / len(labels)


# Task 5: surest_mistakes


@wrong("largest-logit", fails={"worst-value"}, hint="worst-logit")
def surest_mistakes(logits, labels, n):
    """Takes a large logit for a large share."""
    values, answers = logits.max(1)
    wrong = (answers != labels).nonzero().flatten()
    return wrong[values[wrong].argsort(descending=True)][:n].tolist()


@wrong("surest-of-all", fails={"worst-value", "worst-few"}, hint="worst-all")
def surest_mistakes(logits, labels, n):
    """Forgets to leave the right answers out."""
    return logits.softmax(1).max(1).values.argsort(descending=True)[:n].tolist()


@wrong("least-sure", fails={"worst-value"}, hint="worst-unsure")
def surest_mistakes(logits, labels, n):
    """Sorts upwards."""
    shares, answers = logits.softmax(1).max(1)
    wrong = (answers != labels).nonzero().flatten()
    return wrong[shares[wrong].argsort()][:n].tolist()


@wrong("places-among-the-mistakes", fails={"worst-value", "worst-few"}, hint="worst-place")
def surest_mistakes(logits, labels, n):
    """Returns places in the list of mistakes instead of in the set."""
    shares, answers = logits.softmax(1).max(1)
    return shares[answers != labels].argsort(descending=True)[:n].tolist()


@wrong("topk-of-too-few", fails={"worst-few"}, hint="worst-few")
def surest_mistakes(logits, labels, n):
    """Masks the right answers and asks for n, come what may."""
    shares, answers = logits.softmax(1).max(1)
    shares = torch.where(answers == labels, torch.zeros_like(shares), shares)
    return shares.topk(min(n, len(shares))).indices.tolist()


@right("surest-in-plain-python")
def surest_mistakes(logits, labels, n):
    rows = [
        (max(shares), place)
        for place, (shares, label) in enumerate(zip(logits.softmax(1).tolist(), labels.tolist()))
        if shares.index(max(shares)) != label
    ]
    return [place for _, place in sorted(rows, reverse=True)][:n]


# Task 6: build


@wrong("linear-on-pixels", fails={"design-accuracy"}, hint="design-accuracy")
def build():
    """A linear classifier."""
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 10))


@wrong("one-pooling-over-budget", fails={"design-budget"}, hint="design-budget")
def build():
    """Pools once only: 8 · 12 · 12 values are left, each with ten weights."""
    return nn.Sequential(
        nn.Conv2d(1, 8, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8 * 12 * 12, 10)
    )


@wrong("ends-in-softmax", fails={"design-accuracy"}, hint="design-accuracy")
def build():
    """Turns logits into shares before the loss does."""
    return nn.Sequential(
        nn.Conv2d(1, 4, 5, stride=3), nn.Sigmoid(), nn.Flatten(), nn.Linear(256, 10), nn.Softmax(1)
    )


@right("design-like-lenet")
def build():
    return nn.Sequential(
        nn.Conv2d(1, 8, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(16 * 4 * 4, 10),
    )


@right("design-in-blocks")
def build():
    def block(before, after):
        return nn.Sequential(
            nn.Conv2d(before, after, 3, padding="same", bias=False), nn.BatchNorm2d(after), nn.LeakyReLU(0.1)
        )

    return nn.Sequential(
        block(1, 12), nn.MaxPool2d(3), block(12, 24), nn.MaxPool2d((2, 2)), nn.Flatten(), nn.Linear(384, 10)
    )


@wrong("class-of-its-own", fails={"design-budget", "design-accuracy"}, hint="design-layers")
def build():
    """Writes a forward of its own, which may do anything, such as looking the digits up."""

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.Sequential(nn.Conv2d(1, 8, 5, stride=2), nn.ReLU(), nn.Flatten())
            self.last = nn.Linear(8 * 12 * 12, 6)

        def forward(self, images):
            return F.pad(self.last(self.layers(images)), (0, 4))

    return Net()


@wrong("large-when-trained", fails={"design-accuracy"}, hint="design-again")
def build():
    """Shows a small net to whoever counts, and a large one to whoever trains."""
    width = build.__dict__.setdefault("width", 2)
    build.width = 32
    return nn.Sequential(
        nn.Conv2d(1, width, 5), nn.ReLU(), nn.MaxPool2d(4), nn.Flatten(), nn.Linear(36 * width, 10)
    )
