use super::{Access, Split};
use crate::kernels::buffer::{Arena, Span};
use crate::kernels::cpu::Cpu;
use crate::kernels::gang::Gang;
use crate::kernels::isa::Isa;
use crate::kernels::map::MAX_INPUTS;

fn span(start: usize, len: usize) -> Span {
    Span { start, len }
}

fn access(output: Span, input: Span) -> Access {
    let mut inputs = [Span::default(); MAX_INPUTS];
    inputs[0] = input;
    Access { outputs: [output, Span::default()], inputs }
}

#[test]
fn parts_that_write_what_others_touch_are_refused() {
    let ok = |parts: [[Access; 1]; 2]| Split::new(parts.map(Vec::from).to_vec()).is_some();
    assert!(ok([[access(span(0, 4), span(8, 8))], [access(span(4, 4), span(8, 8))]]));
    // Both write element 3; one reads what the other writes; one reads what it writes.
    assert!(!ok([[access(span(0, 4), span(8, 8))], [access(span(3, 4), span(8, 8))]]));
    assert!(!ok([[access(span(0, 4), span(8, 8))], [access(span(4, 4), span(2, 1))]]));
    assert!(!ok([[access(span(0, 4), span(7, 8))], [access(span(4, 4), span(8, 8))]]));
    assert!(!ok([[access(span(0, 4), span(3, 1))], [access(span(4, 4), span(8, 8))]]));
}

#[test]
fn a_part_reads_in_its_second_kernel_what_it_wrote_in_its_first() {
    for threads in [1, 2, 3] {
        let cpu = Cpu { isa: Isa::detect(), gang: Gang::new(threads) };
        let part = |at: usize| {
            vec![access(span(10 + at * 2, 2), span(0, 2)), access(span(20 + at * 2, 2), span(10 + at * 2, 2))]
        };
        let split = Split::new((0..5).map(part).collect()).unwrap();
        let mut arena = Arena::<f64>::new(32);
        arena.get_mut(span(0, 2)).copy_from_slice(&[1.0, 2.0]);
        let mut scratch = vec![0.0; 11];
        split.run(&cpu, &mut arena, &mut scratch, |_, number, mut part, scratch| {
            assert_eq!(scratch.len(), 2);
            for _ in 0..2 {
                let ([out, none], [from, ..]) = part.next();
                assert!(none.is_empty());
                out.iter_mut().zip(from).for_each(|(to, from)| *to = from * 2.0 + number as f64);
            }
            let ([out, _], [from, ..]) = part.next();
            assert!(out.is_empty() && from.is_empty());
        });
        let want: Vec<f64> =
            (0..5).flat_map(|n| [1.0, 2.0].map(|x| (x * 2.0 + f64::from(n)) * 2.0 + f64::from(n))).collect();
        assert_eq!(arena.get(span(20, 10)), want);
    }
}
