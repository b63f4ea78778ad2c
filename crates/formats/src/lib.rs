//! Bytes to arrays and back, hostile bytes refused.
