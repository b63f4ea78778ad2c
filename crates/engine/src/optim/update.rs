//! One update of one parameter: the settings made ready for the kernels.

use super::kind::Optimizer;
use super::state::Step;
use crate::kernels::cpu::Cpu;
use crate::kernels::update::{self as kernel, AdamStep, Decay, MomentumForm};
use crate::real::Real;

/// Changes `weights` by one step of the rule.
///
/// - **Shapes:** `weights`, `gradient` and each of `slots` have one length; `slots` are those that
///   [`Optimizer::slot_names`] lists, in that order.
/// - `decayed` says whether L2 and weight decay apply: to weights, not to biases, gamma and beta.
/// - `scale` multiplies the gradient: what clipping by the norm of all parameters together came to, else 1.
pub(crate) fn update<T: Real>(
    cpu: &Cpu,
    step: &Step,
    weights: &mut [T],
    gradient: &[T],
    slots: &mut [&mut [T]],
    decayed: bool,
    scale: f64,
) {
    let settings = &step.settings;
    let (rate, beta) = (T::from_f64(settings.learning_rate), settings.beta);
    let epsilon = T::from_f64(settings.epsilon);
    let decay = decay(step, decayed, scale);
    let mut momentum = |slots: &mut [&mut [T]], form| match slots {
        [velocity] => kernel::momentum(cpu, weights, gradient, velocity, rate, T::from_f64(beta), form, decay),
        _ => unreachable!("momentum keeps one slot"),
    };
    match step.optimizer {
        Optimizer::Descent => kernel::descent(cpu, weights, gradient, rate, decay),
        Optimizer::Momentum => momentum(slots, MomentumForm::Averaged),
        Optimizer::MomentumAccumulating => momentum(slots, MomentumForm::Accumulating),
        Optimizer::Nesterov => momentum(slots, MomentumForm::Nesterov),
        Optimizer::RmsProp => match slots {
            [square] => kernel::rmsprop(cpu, weights, gradient, square, rate, T::from_f64(beta), epsilon, decay),
            _ => unreachable!("RMSprop keeps one slot"),
        },
        Optimizer::Adam | Optimizer::AdamW => match slots {
            [mean, square] => kernel::adam(cpu, weights, gradient, mean, square, adam_step(step), decay),
            _ => unreachable!("Adam keeps two slots"),
        },
    }
}

/// What is done to the gradient and the weight before the rule.
fn decay<T: Real>(step: &Step, decayed: bool, scale: f64) -> Decay<T> {
    let settings = &step.settings;
    let (l2, shrink) = match decayed {
        true => (settings.l2, settings.learning_rate * settings.weight_decay),
        false => (0.0, 0.0),
    };
    Decay {
        l2: T::from_f64(l2),
        shrink: T::from_f64(shrink),
        scale: T::from_f64(scale),
        clip: T::from_f64(settings.clip_value.unwrap_or(f64::INFINITY)),
    }
}

fn adam_step<T: Real>(step: &Step) -> AdamStep<T> {
    let settings = &step.settings;
    AdamStep {
        beta1: T::from_f64(settings.beta1),
        beta2: T::from_f64(settings.beta2),
        one_minus_beta1: T::from_f64(1.0 - settings.beta1),
        one_minus_beta2: T::from_f64(1.0 - settings.beta2),
        rate: T::from_f64(step.corrected_rate),
        root_correction: T::from_f64(step.root_correction),
        epsilon: T::from_f64(settings.epsilon),
    }
}
