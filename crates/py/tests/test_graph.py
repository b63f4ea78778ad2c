"""The define-then-run engine under the names of the notes' second exercise."""

from __future__ import annotations

import numpy as np
import pytest

import caviar
import caviar.graph as tf

pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture(autouse=True)
def fresh():
    tf.reset_default_graph()


def value(fetch, feed_dict=None):
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return session.run(fetch, feed_dict)


def test_a_loss_of_integers_in_a_variable():
    y_hat = tf.constant(36, name="y_hat")
    y = tf.constant(39, name="y")
    loss = tf.Variable((y - y_hat) ** 2, name="loss")
    init = tf.global_variables_initializer()
    with tf.Session() as session:
        session.run(init)
        found = session.run(loss)
    assert found == 9 and found.dtype == np.int32


def test_a_printed_tensor_is_symbolic(capsys):
    a, b = tf.constant(2), tf.constant(10)
    c = tf.multiply(a, b)
    print(c)
    assert capsys.readouterr().out == 'Tensor("Mul:0", shape=(), dtype=int32)\n'
    session = tf.Session()
    assert session.run(c) == 20
    x = tf.placeholder(tf.int64, name="x")
    assert repr(x) == 'Tensor("x:0", shape=<unknown>, dtype=int64)'
    assert session.run(2 * x, feed_dict={x: 3}) == 6
    session.close()
    with pytest.raises(RuntimeError, match="closed"):
        session.run(c)


def test_a_linear_function():
    np.random.seed(1)
    X = tf.constant(np.random.randn(3, 1), name="X")
    W = tf.constant(np.random.randn(4, 3), name="W")
    b = tf.constant(np.random.randn(4, 1), name="b")
    result = value(tf.add(tf.matmul(W, X), b))
    # The values that the exercise publishes.
    np.testing.assert_allclose(result.ravel(), [-2.15657382, 2.95891446, -1.08926781, -0.84538042], rtol=1e-7)
    assert result.dtype == np.float64


@pytest.mark.parametrize(("z", "expected"), [(0, 0.5), (12, 0.999994), ([0, 12], [0.5, 0.999994])])
def test_a_sigmoid_of_anything_that_is_fed(z, expected):
    x = tf.placeholder(tf.float32, name="x")
    np.testing.assert_allclose(value(tf.sigmoid(x), {x: z}), expected, rtol=1e-5)


def test_a_cost_of_logits_and_labels():
    z, y = tf.placeholder(tf.float32, name="z"), tf.placeholder(tf.float32, name="y")
    cost = tf.nn.sigmoid_cross_entropy_with_logits(logits=z, labels=y)
    logits = value(tf.sigmoid(tf.constant(np.array([0.2, 0.4, 0.7, 0.9]))))
    found = value(cost, {z: logits, y: np.array([0, 0, 1, 1])})
    np.testing.assert_allclose(found, [1.00538722, 1.03664083, 0.41385432, 0.39956614], rtol=1e-6)


def test_one_hot_of_a_depth_that_is_a_tensor():
    C = tf.constant(4, name="C")
    found = value(tf.one_hot(indices=np.array([1, 2, 3, 0, 2, 1]), depth=C, axis=0))
    expected = [[0, 0, 0, 1, 0, 0], [1, 0, 0, 0, 0, 1], [0, 1, 0, 0, 1, 0], [0, 0, 1, 0, 0, 0]]
    assert (found == expected).all() and found.dtype == np.float32
    assert (value(tf.one_hot([0, 2], 3)) == np.eye(3)[[0, 2]]).all()
    with pytest.raises(ValueError, match="not in 0..3"):
        value(tf.one_hot([3], 3))


def test_ones_and_zeros():
    assert (value(tf.ones((3,))) == 1).all() and value(tf.zeros([2, 3])).shape == (2, 3)


def test_the_first_thing_that_one_minimizes():
    w = tf.Variable(0, dtype=tf.float32)
    x = tf.placeholder(tf.float32, [3, 1])
    cost = x[0][0] * w**2 + x[1][0] * w + x[2][0]
    train = tf.train.GradientDescentOptimizer(0.01).minimize(cost)
    coefficients = np.array([[1.0], [-10.0], [25.0]])
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert session.run(w) == 0.0
        for _ in range(1000):
            session.run(train, feed_dict={x: coefficients})
        assert session.run(w) == pytest.approx(5 * (1 - 0.98**1000), rel=1e-5)


RULES = {
    "descent": (tf.train.GradientDescentOptimizer(0.05), lambda w, g, s: w - 0.05 * g),
    "momentum": (tf.train.MomentumOptimizer(0.05, 0.9), None),
    "nesterov": (tf.train.MomentumOptimizer(0.05, 0.9, use_nesterov=True), None),
    "rmsprop": (tf.train.RMSPropOptimizer(0.05), None),
    "adam": (tf.train.AdamOptimizer(0.05), None),
}


def by_hand(rule, steps):
    """The path on ``(w - 3)²`` from 0."""
    w = v = s = 0.0
    for t in range(1, steps + 1):
        g = 2 * (w - 3)
        if rule == "descent":
            w -= 0.05 * g
        elif rule in ("momentum", "nesterov"):
            v = 0.9 * v + g
            w -= 0.05 * (v if rule == "momentum" else g + 0.9 * v)
        elif rule == "rmsprop":
            s = 0.9 * s + 0.1 * g * g
            w -= 0.05 * g / (np.sqrt(s) + 1e-10)
        else:
            v, s = 0.9 * v + 0.1 * g, 0.999 * s + 0.001 * g * g
            w -= 0.05 * (v / (1 - 0.9**t)) / (np.sqrt(s / (1 - 0.999**t)) + 1e-8)
    return w


@pytest.mark.parametrize("rule", RULES)
def test_rules_take_their_paths_whatever_else_is_fetched(rule):
    w = tf.Variable(np.float64(0.0))
    cost = tf.square(w - 3.0)
    step = RULES[rule][0].minimize(cost)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for number in range(9):
            # Each set of fetches has a plan of its own; what the rule remembers goes along.
            session.run([step, cost] if number % 2 else step)
        assert session.run(w) == pytest.approx(by_hand(rule, 9), rel=1e-12)


def model(X_train, Y_train, X_test, Y_test, learning_rate=0.01, num_epochs=120, minibatch_size=32):
    """The exercise's network, on rows that lie in columns."""
    tf.reset_default_graph()
    tf.set_random_seed(1)
    (n_x, m), n_y = X_train.shape, Y_train.shape[0]
    X = tf.placeholder(tf.float32, [n_x, None], name="X")
    Y = tf.placeholder(tf.float32, [n_y, None], name="Y")
    parameters = {}
    for number, (a, b) in enumerate([(n_x, 25), (25, 12), (12, n_y)], 1):
        initializer = tf.contrib.layers.xavier_initializer(seed=1)
        parameters[f"W{number}"] = tf.get_variable(f"W{number}", [b, a], initializer=initializer)
        parameters[f"b{number}"] = tf.get_variable(f"b{number}", [b, 1], initializer=tf.zeros_initializer())
    A1 = tf.nn.relu(tf.add(tf.matmul(parameters["W1"], X), parameters["b1"]))
    A2 = tf.nn.relu(tf.add(tf.matmul(parameters["W2"], A1), parameters["b2"]))
    Z3 = tf.add(tf.matmul(parameters["W3"], A2), parameters["b3"])
    losses = tf.nn.softmax_cross_entropy_with_logits(logits=tf.transpose(Z3), labels=tf.transpose(Y))
    cost = tf.reduce_mean(losses)
    optimizer = tf.train.AdamOptimizer(learning_rate=learning_rate).minimize(cost)
    init = tf.global_variables_initializer()
    costs = []
    with tf.Session() as sess:
        sess.run(init)
        for epoch in range(num_epochs):
            order = np.random.RandomState(epoch).permutation(m)
            for start in range(0, m, minibatch_size):
                rows = order[start : start + minibatch_size]
                feed_dict = {X: X_train[:, rows], Y: Y_train[:, rows]}
                _, minibatch_cost = sess.run([optimizer, cost], feed_dict=feed_dict)
            costs.append(minibatch_cost)
        parameters = sess.run(parameters)
        correct_prediction = tf.equal(tf.argmax(Z3), tf.argmax(Y))
        accuracy = tf.reduce_mean(tf.cast(correct_prediction, "float"))
        return (
            parameters,
            costs,
            accuracy.eval({X: X_train, Y: Y_train}),
            accuracy.eval({X: X_test, Y: Y_test}),
        )


def test_the_network_of_the_exercise_learns():
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    X, Y = X.T / 16, np.eye(10)[y].T
    parameters, costs, train, test = model(X[:, :1500], Y[:, :1500], X[:, 1500:], Y[:, 1500:], num_epochs=25)
    assert parameters["W1"].shape == (25, 64) and parameters["b3"].shape == (10, 1)
    assert costs[-1] < costs[0] and train > 0.98 and test > 0.85


def test_derivatives_of_derivatives():
    x = tf.placeholder(tf.float64)
    y = x**3
    first = tf.gradients(y, x)[0]
    second = tf.gradients(first, x)[0]
    np.testing.assert_allclose(value([first, second], {x: [1.0, 2.0]}), [[3, 12], [6, 12]])


def test_numpy_and_tensors_mix():
    x = tf.placeholder(tf.float32, [None, 2])
    w = np.array([[1.0], [2.0]])
    out = (1 - x) @ w + np.array([0.5]) - x[:, 1:] / 2.0 * 3 ** tf.constant(2.0)
    fed = np.array([[1, 2], [3, 4], [5, 6]])
    np.testing.assert_allclose(value(out, {x: fed}), (1 - fed) @ w + 0.5 - fed[:, 1:] / 2 * 9)
    np.testing.assert_allclose(value(w.T * x, {x: fed}), w.T * fed)
    assert (value(x > 2.0, {x: fed}) == (fed > 2)).all()


def test_placeholders_of_two_open_sizes():
    a, b = tf.placeholder(tf.float64, [None, 2]), tf.placeholder(tf.float64, [2, None])
    left, right = np.arange(6.0).reshape(3, 2), np.arange(8.0).reshape(2, 4)
    assert (value(tf.matmul(a, b), {a: left, b: right}) == left @ right).all()
    assert (value(tf.matmul(a, b), {a: left, b: left.T}) == left @ left.T).all()


def test_variables_can_be_set_and_fetched_in_any_structure():
    a, b = tf.Variable([1.0, 2.0]), tf.Variable(5, trainable=False)
    more = a.assign(a * 2)
    with tf.Session() as session:
        with pytest.raises(RuntimeError, match="uninitialized value Variable"):
            session.run(a)
        session.run(tf.global_variables_initializer())
        session.run(more)
        session.run([more, b])
        found = session.run({"a": (a, [b, a + 1]), "b": b})
    assert (found["a"][0] == [4, 8]).all() and found["a"][1][0] == 5 and (found["a"][1][1] == [5, 9]).all()
    assert found["b"].dtype == np.int32


def test_what_is_drawn_goes_by_the_seed():
    def drawn(seed):
        tf.reset_default_graph()
        tf.set_random_seed(seed)
        return value(tf.get_variable("w", [40, 60]))

    assert (drawn(1) == drawn(1)).all() and (drawn(1) != drawn(2)).any()
    bound = np.sqrt(6 / 100)
    assert 0.9 * bound < np.abs(drawn(1)).max() <= bound


@pytest.mark.parametrize(
    ("define", "error", "words"),
    [
        (lambda: tf.matmul(tf.ones((3, 4)), tf.ones((3, 4))), ValueError, "inner sizes 4 and 3 differ"),
        (lambda: tf.ones((3,)) + tf.ones((4,)), ValueError, "3"),
        (lambda: tf.constant(1) + tf.constant(1.0), TypeError, "cast"),
        (lambda: tf.constant(1) + 0.5, TypeError, "int32"),
        (lambda: tf.constant("a"), TypeError, "numbers"),
        (lambda: tf.constant([1, [2]]), ValueError, "inhomogeneous"),
        (lambda: tf.constant(1, dtype="complex64"), TypeError, "float32"),
        (lambda: tf.constant(np.ones((1, 1, 1, 1, 1))), ValueError, "at most 4"),
        (lambda: tf.sigmoid(tf.constant(1)), TypeError, "real numbers"),
        (lambda: tf.one_hot([0], tf.placeholder(tf.int32, ())), ValueError, "must be a constant"),
        (lambda: tf.one_hot([0], -1), ValueError, "at least 0"),
        (lambda: tf.argmax(tf.ones((3,)), 1), ValueError, "axis 1"),
        (lambda: tf.ones((3,))[5], IndexError, "outside"),
        (lambda: tf.train.AdamOptimizer().minimize(tf.constant(1.0)), ValueError, "No variables"),
        (lambda: tf.train.AdamOptimizer(-1.0).minimize(tf.Variable(1.0) * 1.0), ValueError, "learning-rate"),
        (lambda: tf.Variable(), ValueError, "initial_value"),
        (lambda: bool(tf.constant(True)), TypeError, "truth value"),
        (lambda: tf.Session().run("x"), TypeError, "invalid type"),
        (lambda: tf.Session().run(tf.placeholder(tf.float32, (), name="x")), ValueError, "feed a value .* 'x'"),
        (lambda: tf.constant(1.0).eval(), ValueError, "default session"),
    ],
)
def test_what_makes_no_sense_is_told_at_once(define, error, words):
    with pytest.raises(error, match=words):
        define()


def test_feeds_that_do_not_fit_are_told_of():
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    y = tf.placeholder(tf.int64, name="y")
    session, twice = tf.Session(), x * 2.0
    for feed, error, words in [
        ({x: np.ones((2, 4))}, ValueError, r"\(2, 4\).*'x:0'.*\(\?, 3\)"),
        ({x: "abc"}, ValueError, "numbers"),
        ({x: 1j}, ValueError, "numbers"),
        ({y: 1.5, x: np.ones((1, 3))}, TypeError, "int64"),
        ({twice: 1.0}, TypeError, "placeholder"),
        ({x: tf.ones((1, 3))}, TypeError, "tensor"),
    ]:
        with pytest.raises(error, match=words):
            session.run(twice, feed)
    tf.reset_default_graph()
    with pytest.raises(ValueError, match="graph"):
        session.run(tf.constant(1.0))


def test_a_loss_that_is_not_finite_changes_nothing():
    w = tf.Variable(1.0)
    x = tf.placeholder(tf.float32, ())
    step = tf.train.GradientDescentOptimizer(0.1).minimize(tf.log(x) * w)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        with pytest.raises(caviar.DivergedError, match="log"):
            session.run(step, {x: -1.0})
        assert session.run(w) == 1.0
