//! Stamps out [`Simd`](super::Simd) for vectors that are made of several hardware registers.

/// `parts!(Name, element, register, mask, register width, [register numbers], operations...)`: each operation is written for one
/// register, as a function or as an expression with named operands, and is applied to all of them.
macro_rules! parts {
    (
        $name:ident, $elem:ty, $part:ty, $mask:ty, $width:literal, $parts:tt,
        splat: $splat:expr, load: $load:expr, store: $store:expr,
        load_partial: |$lp_from:ident, $lp_first:ident, $lp_count:ident| $load_partial:expr,
        store_partial: |$sp_v:ident, $sp_to:ident, $sp_first:ident, $sp_count:ident| $store_partial:expr,
        gather: |$g_from:ident, $g_stride:ident, $g_first:ident, $g_count:ident| $gather:expr,
        load_fours: |$lf_from:ident, $lf_stride:ident| $load_fours:expr,
        turn_fours: $turn_fours:expr, turn_blocks: |$tb_v:ident| $turn_blocks:expr,
        unary: { $($unary:ident: |$ua:ident| $unary_body:expr;)+ }
        binary: { $($binary:ident: |$ba:ident, $bb:ident| $binary_body:expr;)+ }
        fused: { $($fused:ident: $fused_body:expr;)+ }
        compare: { $($compare:ident: $compare_body:expr;)+ }
        select: |$s_mask:ident, $s_yes:ident, $s_no:ident| $select:expr,
        tree_sum: |$t_v:ident| $tree:expr,
    ) => {
        #[derive(Clone, Copy)]
        pub struct $name(());

        // The features are there because `self` exists: `new` is unsafe and asks for them.
        impl Simd for $name {
            type Elem = $elem;
            type V = [$part; LANES / $width];
            type Mask = [$mask; LANES / $width];

            #[inline(always)]
            unsafe fn new() -> Self {
                Self(())
            }
            #[inline(always)]
            fn splat(self, x: $elem) -> Self::V {
                // SAFETY: `self` is the proof of the features.
                let part = unsafe { ($splat)(x) };
                [part; LANES / $width]
            }
            #[inline(always)]
            unsafe fn load_pointer(self, from: *const $elem) -> Self::V {
                parts!(@each $parts, i, ($load)(from.add(i * $width)))
            }
            #[inline(always)]
            unsafe fn store_pointer(self, v: Self::V, to: *mut $elem) {
                parts!(@each $parts, i, ($store)(to.add(i * $width), v[i]));
            }
            #[inline(always)]
            fn load_partial(self, from: &[$elem]) -> Self::V {
                let $lp_count = from.len().min(LANES);
                parts!(@each $parts, i, {
                    let $lp_first = i * $width;
                    let $lp_from = from.as_ptr().wrapping_add($lp_first);
                    $load_partial
                })
            }
            #[inline(always)]
            fn store_partial(self, v: Self::V, to: &mut [$elem]) {
                let $sp_count = to.len().min(LANES);
                parts!(@each $parts, i, {
                    let $sp_first = i * $width;
                    let $sp_to = to.as_mut_ptr().wrapping_add($sp_first);
                    let $sp_v = v[i];
                    $store_partial
                });
            }
            #[inline(always)]
            fn gather(self, from: &[$elem], stride: usize, $g_count: usize) -> Self::V {
                assert!($g_count <= LANES && stride < 1 << 26, "a gather of more than sixteen elements, or too far apart");
                assert!($g_count == 0 || ($g_count - 1) * stride < from.len(), "a gather beyond the end");
                parts!(@each $parts, i, {
                    let ($g_first, $g_stride) = (i * $width, stride);
                    let $g_from = from.as_ptr().wrapping_add($g_first * stride);
                    $gather
                })
            }
            #[inline(always)]
            fn load_fours(self, from: &[$elem], $lf_stride: usize) -> Self::V {
                assert!(3 * $lf_stride + 4 <= from.len(), "fours beyond the end");
                parts!(@each $parts, i, {
                    let $lf_from = from.as_ptr().add(i * $width / 4 * $lf_stride);
                    $load_fours
                })
            }
            #[inline(always)]
            fn turn_fours(self, v: [Self::V; 4]) -> [Self::V; 4] {
                let turned = parts!(@each $parts, i, ($turn_fours)(v[0][i], v[1][i], v[2][i], v[3][i]));
                let mut out = v;
                for (i, parts) in turned.iter().enumerate() {
                    for (vector, part) in out.iter_mut().zip(parts) {
                        vector[i] = *part;
                    }
                }
                out
            }
            #[inline(always)]
            fn turn_blocks(self, $tb_v: [Self::V; 4]) -> [Self::V; 4] {
                // SAFETY: `self` is the proof of the features.
                unsafe { $turn_blocks }
            }
            $(
                #[inline(always)]
                fn $unary(self, a: Self::V) -> Self::V {
                    parts!(@each $parts, i, { let $ua = a[i]; $unary_body })
                }
            )+
            $(
                #[inline(always)]
                fn $binary(self, a: Self::V, b: Self::V) -> Self::V {
                    parts!(@each $parts, i, { let ($ba, $bb) = (a[i], b[i]); $binary_body })
                }
            )+
            $(
                #[inline(always)]
                fn $fused(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V {
                    parts!(@each $parts, i, ($fused_body)(a[i], b[i], c[i]))
                }
            )+
            $(
                #[inline(always)]
                fn $compare(self, a: Self::V, b: Self::V) -> Self::Mask {
                    parts!(@each $parts, i, ($compare_body)(a[i], b[i]))
                }
            )+
            #[inline(always)]
            fn select(self, mask: Self::Mask, yes: Self::V, no: Self::V) -> Self::V {
                parts!(@each $parts, i, { let ($s_mask, $s_yes, $s_no) = (mask[i], yes[i], no[i]); $select })
            }
            #[inline(always)]
            fn tree_sum(self, $t_v: Self::V) -> $elem {
                // SAFETY: `self` is the proof of the features.
                unsafe { $tree }
            }
        }
    };
    // One value per register: the body, with the register's number under the given name.
    (@each [$($number:literal)+], $i:ident, $body:expr) => {
        // SAFETY: `self` is the proof of the features. Pointers: the caller vouches for sixteen elements, or an assertion
        // does, or lanes beyond the slice or the count are masked off and not touched.
        unsafe { [$({ let $i = $number; $body }),+] }
    };
}

pub(super) use parts;
