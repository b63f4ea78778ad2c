use super::{Binary, Input, MapStep, Unary, broadcast_binary, map};
use crate::kernels::cpu::Cpu;
use crate::kernels::gang::Gang;
use crate::kernels::isa::Isa;
use crate::real::Real;
use proptest::prelude::{any, prop, prop_assert_eq, proptest};

fn cpu(isa: Isa) -> Cpu {
    Cpu { isa, gang: Gang::alone() }
}

/// Values from −3 to 3 with zeros of both signs, infinities and NaN among them.
fn values<T: Real>(len: usize, seed: usize) -> Vec<T> {
    let special = [0.0, -0.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 1.0, -1.0];
    let value = |i: usize| {
        let mixed = (i + 1).wrapping_mul(2_654_435_761 + 2 * seed) % 1_000_003;
        match mixed % 11 {
            0 => special[mixed / 11 % special.len()],
            _ => mixed as f64 / 166_667.0 - 3.0,
        }
    };
    (0..len).map(|i| T::from_f64(value(i))).collect()
}

fn bits<T: Real>(values: &[T]) -> Vec<Option<u64>> {
    values
        .iter()
        .map(|x| {
            let x = x.to_f64();
            (!x.is_nan()).then(|| x.to_bits())
        })
        .collect()
}

fn exact(op: Unary, x: f64) -> f64 {
    match op {
        Unary::Neg => -x,
        Unary::Square => x * x,
        Unary::Sqrt => x.sqrt(),
        Unary::Exp => libm::exp(x),
        Unary::Log => libm::log(x),
        Unary::Abs => x.abs(),
        Unary::Sign if x == 0.0 || x.is_nan() => x,
        Unary::Sign => x.signum(),
        Unary::Step => f64::from(u8::from(x > 0.0)),
        Unary::Relu if x.is_nan() => x,
        Unary::Relu => x.max(0.0),
        Unary::Sigmoid => 1.0 / (1.0 + libm::exp(-x)),
        Unary::Tanh => libm::tanh(x),
        Unary::Erf => libm::erf(x),
        Unary::Softplus => x.max(0.0) + libm::log1p(libm::exp(-x.abs())),
        Unary::Reciprocal => 1.0 / x,
    }
}

fn exact_pair(op: Binary, a: f64, b: f64) -> f64 {
    match op {
        Binary::Add => a + b,
        Binary::Sub => a - b,
        Binary::Mul => a * b,
        Binary::Div => a / b,
        Binary::Pow => libm::pow(a, b),
        Binary::Max | Binary::Min if a.is_nan() || b.is_nan() => f64::NAN,
        Binary::Max => a.max(b),
        Binary::Min => a.min(b),
    }
}

fn assert_close(got: f64, expected: f64, relative: f64, what: &str) {
    let same = got == expected || (got.is_nan() && expected.is_nan());
    assert!(same || (got - expected).abs() <= relative * expected.abs(), "{what}: {got}, not {expected}");
}

fn every_operation<T: Real>(relative: f64) {
    for isa in Isa::available() {
        for len in 0..70 {
            let (a, b) = (values::<T>(len, len), values::<T>(len, len + 1000));
            let mut out = vec![T::ZERO; len];
            for &op in Unary::ALL {
                map(&cpu(isa), &[MapStep::Unary(op, 0)], &[Input::Slice(&a)], &mut out);
                for (x, y) in a.iter().zip(&out) {
                    assert_close(y.to_f64(), exact(op, x.to_f64()), relative, &format!("{isa} {op}({x})"));
                }
            }
            for &op in Binary::ALL {
                map(&cpu(isa), &[MapStep::Binary(op, 0, 1)], &[Input::Slice(&a), Input::Slice(&b)], &mut out);
                for ((x, y), z) in a.iter().zip(&b).zip(&out) {
                    assert_close(
                        z.to_f64(),
                        exact_pair(op, x.to_f64(), y.to_f64()),
                        relative,
                        &format!("{isa} {op}({x}, {y})"),
                    );
                }
            }
        }
    }
}

#[test]
fn every_operation_is_that_of_plain_arithmetic() {
    every_operation::<f32>(4e-7);
    every_operation::<f64>(2e-15);
}

#[test]
fn names_are_lower_case() {
    assert_eq!(Unary::Softplus.to_string(), "softplus");
    assert_eq!(Binary::Pow.to_string(), "pow");
    let lower = |name: &str| name.chars().all(|letter| letter.is_ascii_lowercase());
    assert!(Unary::ALL.iter().all(|op| lower(op.name())) && Binary::ALL.iter().all(|op| lower(op.name())));
}

/// `softplus(clip(2·a − b, −1, 1))·a`, with the scalar on the left.
const PROGRAM: [MapStep; 5] = [
    MapStep::Binary(Binary::Mul, 2, 0),
    MapStep::Binary(Binary::Sub, 3, 1),
    MapStep::Clip { of: 4, low: -1.0, high: 1.0 },
    MapStep::Unary(Unary::Softplus, 5),
    MapStep::Binary(Binary::Mul, 6, 0),
];

fn run_program<T: Real>(cpu: &Cpu, a: &[T], b: &[T]) -> Vec<T> {
    let mut out = vec![T::ONE; a.len()];
    let two = T::from_f64(2.0);
    map(cpu, &PROGRAM, &[Input::Slice(a), Input::Slice(b), Input::Scalar(two)], &mut out);
    out
}

#[test]
fn a_program_gives_the_bits_of_its_steps_one_by_one() {
    for len in [0, 1, 15, 16, 17, 70, 255, 256, 257, 800] {
        let (a, b) = (values::<f32>(len, 1), values::<f32>(len, 2));
        for isa in Isa::available() {
            let mut registers = vec![a.clone(), b.clone(), vec![2.0; len]];
            for step in PROGRAM {
                let mut out = vec![0.0; len];
                let inputs: Vec<Input<'_, f32>> = registers.iter().map(|r| Input::Slice(r)).collect();
                map(&cpu(isa), &[step], &inputs[..], &mut out);
                registers.push(out);
            }
            assert_eq!(bits(&run_program(&cpu(isa), &a, &b)), bits(&registers[7]), "{isa} {len}");
        }
    }
}

#[test]
fn nan_passes_a_clip() {
    for isa in Isa::available() {
        let mut out = [0.0_f32; 4];
        let x = [f32::NAN, 5.0, -5.0, 0.25];
        map(&cpu(isa), &[MapStep::Clip { of: 0, low: -1.0, high: 2.0 }], &[Input::Slice(&x)], &mut out);
        assert!(out[0].is_nan());
        assert_eq!(out[1..], [2.0, -1.0, 0.25]);
    }
}

#[test]
fn a_gang_and_every_instruction_set_give_the_same_bits() {
    let gang = Cpu { isa: Isa::detect(), gang: Gang::new(3) };
    for len in [70, 40_001] {
        let (a, b) = (values::<f32>(len + 3, 5), values::<f32>(len + 3, 6));
        let expected = bits(&run_program(&gang, &a[3..], &b[3..]));
        for isa in Isa::available() {
            assert_eq!(bits(&run_program(&cpu(isa), &a[3..], &b[3..])), expected, "{isa} {len}");
        }
    }
}

/// The strides of a dense tensor, 0 along the axes on which it is stretched.
fn strides(dims: [usize; 4], stretched: [bool; 4]) -> ([usize; 4], usize) {
    let (mut strides, mut len) = ([0; 4], 1);
    for axis in (0..4).rev() {
        if !stretched[axis] {
            strides[axis] = len;
            len *= dims[axis];
        }
    }
    (strides, len)
}

proptest! {
    #[test]
    fn a_broadcast_pairs_the_elements_that_the_strides_name(
        dims in prop::array::uniform4(1_usize..6), last in 1_usize..40, a in any::<[bool; 4]>(), b in any::<[bool; 4]>(),
    ) {
        let dims = [dims[0], dims[1], dims[2], last];
        let ((a_strides, a_len), (b_strides, b_len)) = (strides(dims, a), strides(dims, b));
        let (a, b) = (values::<f64>(a_len, 3), values::<f64>(b_len, 4));
        let mut expected = Vec::new();
        for i in 0..dims[0] { for j in 0..dims[1] { for k in 0..dims[2] { for l in 0..dims[3] {
            let at = |strides: [usize; 4]| i * strides[0] + j * strides[1] + k * strides[2] + l * strides[3];
            expected.push(a[at(a_strides)] - b[at(b_strides)]);
        }}}}
        for isa in Isa::available() {
            let mut out = vec![0.0; expected.len()];
            broadcast_binary(&cpu(isa), Binary::Sub, &a, a_strides, &b, b_strides, &mut out, dims);
            prop_assert_eq!(bits(&out), bits(&expected));
        }
    }
}

#[test]
fn a_gang_broadcasts_like_one_thread() {
    let (rows, columns) = (501, 97);
    let (x, row) = (values::<f32>(rows * columns, 1), values::<f32>(columns, 2));
    let result = |cpu: &Cpu| {
        let mut out = vec![0.0; x.len()];
        broadcast_binary(cpu, Binary::Mul, &x, [0, 0, columns, 1], &row, [0, 0, 0, 1], &mut out, [1, 1, rows, columns]);
        bits(&out)
    };
    assert_eq!(result(&Cpu { isa: Isa::detect(), gang: Gang::new(3) }), result(&cpu(Isa::detect())));
}

#[test]
#[should_panic(expected = "step 1 reads a register")]
fn a_program_that_reads_ahead_is_refused() {
    let steps = [MapStep::Unary(Unary::Neg, 0), MapStep::Unary(Unary::Neg, 2)];
    map(&cpu(Isa::Portable), &steps, &[Input::Slice(&[1.0])], &mut [0.0]);
}
