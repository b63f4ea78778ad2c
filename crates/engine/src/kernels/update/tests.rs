use super::{AdamStep, Decay, MomentumForm, adam, descent, momentum, rmsprop, square_sum};
use crate::kernels::cpu::Cpu;
use crate::kernels::gang::Gang;
use crate::kernels::isa::Isa;
use crate::real::Real;

const DECAY: Decay<f64> = Decay { l2: 0.01, shrink: 0.003, scale: 0.7, clip: 0.9 };
const ADAM: AdamStep<f64> = AdamStep {
    beta1: 0.9,
    beta2: 0.99,
    one_minus_beta1: 0.1,
    one_minus_beta2: 0.01,
    rate: 0.05,
    root_correction: 1.7,
    epsilon: 1e-6,
};

#[derive(Clone, Copy, Debug)]
enum Rule {
    Descent,
    Momentum(MomentumForm),
    RmsProp,
    Adam,
}

const RULES: [Rule; 6] = [
    Rule::Descent,
    Rule::Momentum(MomentumForm::Averaged),
    Rule::Momentum(MomentumForm::Accumulating),
    Rule::Momentum(MomentumForm::Nesterov),
    Rule::RmsProp,
    Rule::Adam,
];

fn cpu(isa: Isa) -> Cpu {
    Cpu { isa, gang: Gang::alone() }
}

fn values<T: Real>(len: usize, seed: usize) -> Vec<T> {
    let value = |i: usize| (i + 1).wrapping_mul(2_654_435_761 + 2 * seed) % 1_000_003;
    (0..len).map(|i| T::from_f64(value(i) as f64 / 250_000.0 - 2.0)).collect()
}

/// Weight and slots after three steps.
fn three_steps<T: Real>(cpu: &Cpu, rule: Rule, len: usize) -> [Vec<T>; 3] {
    let n = T::from_f64;
    let decay = Decay { l2: n(DECAY.l2), shrink: n(DECAY.shrink), scale: n(DECAY.scale), clip: n(DECAY.clip) };
    let step = AdamStep {
        beta1: n(ADAM.beta1),
        beta2: n(ADAM.beta2),
        one_minus_beta1: n(ADAM.one_minus_beta1),
        one_minus_beta2: n(ADAM.one_minus_beta2),
        rate: n(ADAM.rate),
        root_correction: n(ADAM.root_correction),
        epsilon: n(ADAM.epsilon),
    };
    let mut state = [values::<T>(len, 1), vec![T::ZERO; len], vec![T::ZERO; len]];
    for t in 0..3 {
        let [w, m, s] = &mut state;
        let g = values::<T>(len, 10 + t);
        match rule {
            Rule::Descent => descent(cpu, w, &g, n(0.1), decay),
            Rule::Momentum(form) => momentum(cpu, w, &g, m, n(0.1), n(0.8), form, decay),
            Rule::RmsProp => rmsprop(cpu, w, &g, s, n(0.1), n(0.8), n(1e-6), decay),
            Rule::Adam => adam(cpu, w, &g, m, s, step, decay),
        }
    }
    state
}

/// The same by the formulas, one weight at a time.
fn by_formulas(rule: Rule, len: usize) -> [Vec<f64>; 3] {
    let mut state = [values::<f64>(len, 1), vec![0.0; len], vec![0.0; len]];
    for t in 0..3 {
        for (i, g) in values::<f64>(len, 10 + t).into_iter().enumerate() {
            let [mut w, mut m, mut s] = [0, 1, 2].map(|slot: usize| state[slot][i]);
            let g = (g + DECAY.l2 * w).clamp(-DECAY.clip, DECAY.clip) * DECAY.scale;
            w -= DECAY.shrink * w;
            match rule {
                Rule::Descent => w -= 0.1 * g,
                Rule::Momentum(form) => {
                    m = 0.8 * m + if form == MomentumForm::Averaged { 0.2 * g } else { g };
                    w -= 0.1 * if form == MomentumForm::Nesterov { g + 0.8 * m } else { m };
                }
                Rule::RmsProp => {
                    s = 0.8 * s + 0.2 * g * g;
                    w -= 0.1 * g / (s.sqrt() + 1e-6);
                }
                Rule::Adam => {
                    m = ADAM.beta1 * m + ADAM.one_minus_beta1 * g;
                    s = ADAM.beta2 * s + ADAM.one_minus_beta2 * g * g;
                    w -= ADAM.rate * m / (s.sqrt() * ADAM.root_correction + ADAM.epsilon);
                }
            }
            [state[0][i], state[1][i], state[2][i]] = [w, m, s];
        }
    }
    state
}

#[test]
fn every_rule_follows_its_formulas() {
    for rule in RULES {
        let expected = by_formulas(rule, 37);
        let got = three_steps::<f64>(&cpu(Isa::detect()), rule, 37);
        let single = three_steps::<f32>(&cpu(Isa::detect()), rule, 37);
        for slot in 0..3 {
            for i in 0..37 {
                let exact = expected[slot][i];
                assert!((got[slot][i] - exact).abs() <= 1e-14, "{rule:?}: {} not {exact}", got[slot][i]);
                assert!(
                    (f64::from(single[slot][i]) - exact).abs() <= 2e-6,
                    "{rule:?}: {} not {exact}",
                    single[slot][i]
                );
            }
        }
    }
}

#[test]
fn every_instruction_set_and_a_gang_give_the_same_bits() {
    let gang = Cpu { isa: Isa::detect(), gang: Gang::new(3) };
    let bits = |state: [Vec<f32>; 3]| state.map(|slot| slot.iter().map(|x| x.to_bits()).collect::<Vec<_>>());
    for rule in RULES {
        for len in (0..70).chain([33_333]) {
            let expected = bits(three_steps(&gang, rule, len));
            for isa in Isa::available() {
                assert_eq!(bits(three_steps(&cpu(isa), rule, len)), expected, "{rule:?} {isa} {len}");
            }
        }
    }
}

#[test]
fn without_decay_and_clipping_the_gradient_is_used_as_it_is() {
    let none = Decay { l2: 0.0, shrink: 0.0, scale: 1.0, clip: f32::INFINITY };
    for isa in Isa::available() {
        let mut w = [1.0, 2.0, 3.0];
        descent(&cpu(isa), &mut w, &[4.0, f32::INFINITY, f32::NAN], 0.5, none);
        assert_eq!(w[..2], [-1.0, f32::NEG_INFINITY]);
        assert!(w[2].is_nan(), "a NaN is not clipped away");
    }
}

#[test]
fn squares_are_summed_in_double_precision_in_one_order() {
    for len in (0..70).chain([1000]) {
        let x = values::<f32>(len, 3);
        let lane = |l: usize| x.iter().skip(l).step_by(16).fold(0.0, |sum, &x| sum + f64::from(x) * f64::from(x));
        let mut lanes: Vec<f64> = (0..16).map(lane).collect();
        while lanes.len() > 1 {
            let half = lanes.len() / 2;
            lanes = (0..half).map(|l| lanes[l] + lanes[l + half]).collect();
        }
        for isa in Isa::available() {
            assert_eq!(square_sum(&cpu(isa), &x).to_bits(), lanes[0].to_bits(), "{isa} {len}");
        }
    }
}
