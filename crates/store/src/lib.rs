//! What is kept: the model file.
