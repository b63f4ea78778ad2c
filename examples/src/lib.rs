//! One short program per technique of deep-learning courses; see the `.rs` files beside this folder.
