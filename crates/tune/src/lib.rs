//! What to try next: spaces, scales, samplers and the study, without a thread, a clock or a file.
