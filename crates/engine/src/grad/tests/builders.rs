//! The functions made of operations: activations, losses, normalization, dropout.

use super::differences::{Case, between, extreme, positive, signed};
use crate::graph::Node;
use crate::nn::{Activation, BatchNorm, Loss, Running};
use crate::shape::Dim;
use crate::tensor::{DType, Tensor};

#[test]
fn every_activation_has_the_derivative_that_differences_say() {
    for activation in Activation::ALL {
        // Not at 0, where some have none: see the conventions.
        let large = Tensor::from([[-30.0, -10.0, -3.0], [-1.0, -0.25, 0.25], [1.0, 3.0, 30.0], [8.0, -7.0, 20.0]]);
        for at in [signed(0, &[5, 3]), signed(1, &[]), signed(2, &[2, 1, 3, 2]), large] {
            Case::new(format!("{activation} of {}", at.dims()), [at], move |_, x| activation.apply(x[0])).check();
        }
    }
    for at in [extreme(), signed(0, &[5, 3])] {
        Case::new("leaky relu of a slope", [signed(0, &[5, 3])], |_, x| x[0].leaky_relu(0.3)).check();
        Case::new("gelu", [at.clone()], |_, x| x[0].gelu()).check();
        Case::new("silu", [at.clone()], |_, x| x[0].silu()).check();
        Case::new("mish", [at.clone()], |_, x| x[0].mish()).check();
        Case::new("softplus", [at], |_, x| x[0].softplus()).check();
    }
}

#[test]
fn elementwise_losses_have_the_derivatives_that_differences_say() {
    let targets = || between(5, &[5, 3], 0.0, 1.0);
    Case::new("sigmoid cross entropy", [signed(0, &[5, 3]), targets()], |_, x| x[0].sigmoid_cross_entropy(x[1]))
        .check();
    Case::new("sigmoid cross entropy of large logits", [extreme(), between(5, &[3, 4], 0.0, 1.0)], |_, x| {
        x[0].sigmoid_cross_entropy(x[1])
    })
    .check();
    Case::new("squared", [signed(0, &[5, 3]), targets()], |_, x| x[0].squared_error(x[1])).check();
    Case::new("absolute", [signed(0, &[5, 3]), targets()], |_, x| x[0].absolute_error(x[1])).check();
    for delta in [0.1, 1.0, 10.0] {
        Case::new(format!("huber {delta}"), [signed(0, &[5, 3]), targets()], move |_, x| x[0].huber_error(x[1], delta))
            .check();
    }
    Case::new("poisson", [signed(0, &[5, 3]), targets()], |_, x| x[0].poisson_error(x[1])).check();
    Case::new("dense cross entropy", [signed(0, &[5, 3]), targets()], |_, x| x[0].softmax_cross_entropy(x[1])).check();
    Case::new("dense cross entropy of large logits", [extreme(), between(5, &[3, 4], 0.0, 1.0)], |_, x| {
        x[0].softmax_cross_entropy(x[1])
    })
    .check();
}

#[test]
fn losses_of_rows_have_the_derivatives_that_differences_say() {
    for smoothing in [0.0, 0.1] {
        for loss in
            [Loss::CrossEntropy, Loss::Squared, Loss::Absolute, Loss::Huber { delta: 0.7 }, Loss::Poisson, Loss::Binary]
        {
            // Half the deviance of a target is ever steeper towards 0.
            let low = if loss == Loss::Poisson { 0.2 } else { 0.0 };
            for outputs in [1, 4] {
                let name = format!("{loss} of {outputs} outputs, smoothing {smoothing}");
                let at = [signed(0, &[5, outputs]), between(5, &[5, outputs], low, 1.0)];
                if loss.target_type(outputs) == DType::Real {
                    Case::new(name, at, move |_, x| loss.per_row(x[0], x[1], smoothing)).check();
                } else {
                    Case::new(name, at, move |g, x| {
                        loss.per_row(x[0], g.integer_constant([3, 0, 1, 1, 2]), smoothing) * x[1].sum_over(1)
                    })
                    .check();
                }
            }
        }
    }
}

#[test]
fn batch_normalization_has_the_derivative_that_differences_say() {
    for running in [Running::Corrected, Running::Torch, Running::Keras] {
        let norm = BatchNorm { running, ..BatchNorm::default() };
        let name = |which: &str| format!("batch norm, {running:?}, {which}");
        let training = move |x: Node<'_>| norm.apply(x.square(), x.square()).training.id();
        Case::new(name("training"), [signed(0, &[5, 3])], move |g, x| g.node(training(x[0]))).open().check();
        Case::new(name("of a fixed number of rows"), [signed(0, &[4, 3])], move |g, x| g.node(training(x[0]))).check();
        let inference = move |x: Node<'_>| norm.apply(x.square(), x.square()).inference.id();
        Case::new(name("inference"), [signed(0, &[5, 3])], move |g, x| g.node(inference(x[0]))).open().check();
    }
}

#[test]
fn dropout_hands_the_derivative_to_what_it_keeps() {
    Case::new("dropout of a batch", [signed(0, &[5, 3])], |g, x| x[0].exp().dropout(g.scalar(0.4))).open().check();
}

#[test]
fn a_network_has_the_derivative_that_differences_say() {
    let at = [signed(0, &[5, 3]), signed(1, &[3, 4]), signed(2, &[4]), signed(3, &[4, 2]), signed(4, &[2])];
    Case::new("two layers", at, |g, x| {
        let hidden = (x[0].matmul(x[1]) + x[2]).tanh();
        (hidden.matmul(x[3]) + x[4]).softmax_cross_entropy(g.integer_constant([1, 0, 0, 1, 1])).mean()
    })
    .check();
    Case::new("variance", [positive(0, &[5, 3])], |_, x| (x[0] - x[0].mean_over(0)).square().mean()).open().check();
    Case::new("outer product of a batch", [signed(0, &[5, 1])], |_, x| {
        (x[0].reshape((Dim::Batch,)) * x[0].reshape((1, Dim::Batch))).sum()
    })
    .open()
    .check();
}
