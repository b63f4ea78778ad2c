"""Define a graph, then run it: Caviar's engine under the names of the course's framework exercise.

Nothing is computed while a graph is defined; shapes are checked at once. A :class:`Session` holds the variables and runs
what is asked for, with values fed to the placeholders. Derivatives come by themselves. Numpy in, numpy out.

Examples
--------
>>> import caviar.graph as tf
>>> w = tf.Variable(0.0)
>>> cost = w**2 - 10.0 * w + 25.0
>>> step = tf.train.GradientDescentOptimizer(0.1).minimize(cost)
>>> with tf.Session() as session:
...     session.run(tf.global_variables_initializer())
...     for _ in range(100):
...         session.run(step)
...     print(round(float(session.run(w)), 4))
5.0
"""

from types import SimpleNamespace as _Namespace

from caviar.graph import nn, train
from caviar.graph._dtypes import DType, float32, float64, int32, int64
from caviar.graph._dtypes import bool_ as bool  # noqa: A004 - the notes' name
from caviar.graph._operations import (  # noqa: A004 - the notes' names
    abs,
    add,
    argmax,
    cast,
    divide,
    equal,
    exp,
    gradients,
    greater,
    less,
    log,
    matmul,
    maximum,
    minimum,
    multiply,
    negative,
    one_hot,
    ones,
    pow,
    reduce_max,
    reduce_mean,
    reduce_min,
    reduce_sum,
    reshape,
    sigmoid,
    sign,
    sqrt,
    square,
    subtract,
    tanh,
    transpose,
    zeros,
)
from caviar.graph._session import Session
from caviar.graph._tensor import Graph, Operation, Placeholder, Tensor, constant, placeholder, reset_default_graph
from caviar.graph._tensor import default_graph as get_default_graph
from caviar.graph._variables import (
    Variable,
    constant_initializer,
    get_variable,
    global_variables,
    global_variables_initializer,
    glorot_uniform_initializer,
    ones_initializer,
    random_normal_initializer,
    set_random_seed,
    trainable_variables,
    xavier_initializer,
    zeros_initializer,
)

contrib = _Namespace(layers=_Namespace(xavier_initializer=xavier_initializer))
